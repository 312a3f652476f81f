import type { PacketPool, Runtime, Timer } from '@mp/interface'
import type { SessionStats, TunnelStats } from '@mp/tunnel'
import type { Config } from '../config/index.ts'
import { programVersion } from '../program-version.ts'
import type { Tunnel } from './create-tunnel.ts'
import type { Device } from './device.ts'
import { RateMeter } from './rate-meter.ts'
import { Recorder } from './recorder.ts'
import type { Moment } from './recorder.ts'
import type { DaemonSnapshot, Snapshot } from './snapshot.ts'
import { takeSnapshot } from './take-snapshot.ts'

export interface MonitorParts {
  /** As it runs now. */
  readonly config: () => Config
  readonly tunnel: Tunnel
  readonly tun: Pick<Device, 'name' | 'backend' | 'mtuBytes' | 'offloads'>
  readonly pool: Pick<PacketPool, 'capacity'>
  readonly runtime: Pick<Runtime, 'nowMs' | 'setTimer'>
  /** The time of day, ms since 1970. */
  readonly wallMs: () => number
}

/** Rates are taken over this time, ms; the first ones over less, since somebody waits for them. */
const SAMPLE_MS = 1000
const FIRST_SAMPLE_MS = 500
/** Nobody asked for this long, ms: rates are not taken any more, which costs something where there are many peers. */
const IDLE_MS = 5000

/** Looks at the daemon for those who ask. While nobody does it costs next to nothing. */
export class Monitor {
  readonly #parts: MonitorParts
  readonly #startedMs: number
  readonly #startedWallMs: number
  readonly #rates = new RateMeter()
  readonly #recorder: Recorder
  #askedMs = -Infinity
  /** Settled once there are rates. */
  #ready: Promise<void> | undefined
  #timer: Timer | undefined

  constructor(parts: MonitorParts) {
    this.#parts = parts
    this.#startedMs = parts.runtime.nowMs()
    this.#startedWallMs = parts.wallMs()
    this.#recorder = new Recorder({
      runtime: parts.runtime,
      stats: () => parts.tunnel.stats(),
      snapshot: (stats, rates) => this.#snapshotOf(stats, rates),
    })
  }

  /** The last minutes, the oldest first, once {@link start} was called. */
  get moments(): readonly Moment[] {
    return this.#recorder.moments
  }

  /** Begins to remember. */
  start(): void {
    this.#recorder.start()
  }

  /** How all is now, with rates: the first to ask waits half a second for them. */
  async snapshot(): Promise<Snapshot> {
    this.#askedMs = this.#parts.runtime.nowMs()
    this.#ready ??= this.#begin()
    await this.#ready
    return this.snapshotNow()
  }

  /** How all is now, at once; with rates only if {@link snapshot} is in use. */
  snapshotNow(): Snapshot {
    return this.#snapshotOf(this.#parts.tunnel.stats(), this.#rates)
  }

  #snapshotOf(stats: TunnelStats, rates: RateMeter): Snapshot {
    const { config, tun, pool, wallMs } = this.#parts
    const { reason, ...offloads } = tun.offloads?.() ?? {}
    return takeSnapshot({
      config: config(),
      stats,
      rates,
      daemon: this.#daemon(),
      tun: {
        name: tun.name,
        backend: tun.backend,
        mtuBytes: tun.mtuBytes,
        offloads: Object.entries(offloads).flatMap(([name, acts]) => (acts ? [name] : [])),
        offloadReason: reason ?? null,
      },
      slots: pool.capacity,
      wallMs: wallMs(),
      reasonFor: (session) => this.#reasonFor(session),
    })
  }

  /** A time of the tunnel's clock as that of the day, ISO 8601. */
  timeOf(atMs: number): string {
    const { runtime, wallMs } = this.#parts
    return new Date(wallMs() - (runtime.nowMs() - atMs)).toISOString()
  }

  /** ISO 8601. */
  timeNow(): string {
    return new Date(this.#parts.wallMs()).toISOString()
  }

  close(): void {
    this.#timer?.cancel()
    this.#recorder.close()
  }

  #daemon(): DaemonSnapshot {
    const { tunnel, tun, runtime } = this.#parts
    const { isServer, scheduling } = this.#parts.config()
    return {
      name: tun.name,
      version: programVersion(),
      pid: process.pid,
      role: isServer ? 'server' : 'client',
      startedAt: new Date(this.#startedWallMs).toISOString(),
      uptimeMs: Math.round(runtime.nowMs() - this.#startedMs),
      scheduling,
      transport: tunnel.transport,
      encryption: tunnel.encryption ?? null,
    }
  }

  #reasonFor({ encryption }: SessionStats): string | null {
    if (encryption === undefined) return null
    return `${encryption.backend}: ${this.#parts.tunnel.reasonFor(encryption.cipher)}`
  }

  #begin(): Promise<void> {
    this.#rates.reset()
    this.#sample()
    return new Promise((resolve) => {
      this.#wait(FIRST_SAMPLE_MS, () => {
        this.#goOn()
        resolve()
      })
    })
  }

  #goOn(): void {
    if (this.#parts.runtime.nowMs() - this.#askedMs > IDLE_MS) {
      this.#ready = undefined
      this.#rates.reset()
      return
    }
    this.#sample()
    this.#wait(SAMPLE_MS, () => this.#goOn())
  }

  #sample(): void {
    this.#rates.sample(this.#parts.tunnel.stats())
  }

  #wait(ms: number, then: () => void): void {
    const { runtime } = this.#parts
    this.#timer = runtime.setTimer(runtime.nowMs() + ms, then)
  }
}
