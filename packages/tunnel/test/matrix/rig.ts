import { Mempool } from '@mp/mempool'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { InnerHost, MemoryNetwork, memoryTransport, simRuntime } from '@mp/testkit'
import type { LineOptions, NetworkPath, SimRuntime } from '@mp/testkit'
import { fragmenter } from '@mp/udpmux'
import { TunnelClient } from '../../src/client.ts'
import type { TunnelOptions } from '../../src/core.ts'
import type { TunnelEvent } from '../../src/events.ts'
import { TunnelServer } from '../../src/server.ts'
import type { Direction, LinkChange, LinkSpec } from './scenario.ts'
import { lineOf } from './scenario.ts'

/** One end of the tunnel with the host that uses it. */
export interface RigEnd<T> {
  readonly tunnel: T
  readonly host: InnerHost
  readonly pool: Mempool
}

export const CLIENT_IP = '10.1.0.2'
export const SERVER_IP = '10.1.0.1'

type Side = 'client' | 'server'
type OnEvent = (side: Side, event: TunnelEvent) => void

const ADDRESSES: Record<Side, string> = { client: CLIENT_IP, server: SERVER_IP }
const SERVER = '10.9.0.1'
const ENDPOINT = `${SERVER}:7000`
/** As many slots as the daemon has. */
const SLOTS = 8192
/** IPv4 and UDP. */
const OUTER_HEADERS_BYTES = 28
/** Every timer of a scenario, and then some; the bound is for loops without end. */
const MAX_TIMERS = 1e9

/** A tunnel as the daemon makes it, over emulated lines, between two hosts with flows. */
export class Rig {
  readonly runtime: SimRuntime
  readonly links: readonly LinkSpec[]
  readonly lines: readonly NetworkPath[]
  readonly client: RigEnd<TunnelClient>
  readonly server: RigEnd<TunnelServer>
  readonly #network: MemoryNetwork
  readonly #onEvent: OnEvent

  constructor(links: readonly LinkSpec[], seed: number, onEvent: OnEvent = () => {}) {
    this.#onEvent = onEvent
    this.links = links
    this.runtime = simRuntime({ seed, maxTimers: MAX_TIMERS })
    this.#network = new MemoryNetwork({ runtime: this.runtime, seed })
    this.lines = links.map((link, index) => {
      const path = this.#network.path(localHost(index), SERVER)
      path.setForward(lineOf(link, 'up'))
      path.setBackward(lineOf(link, 'down'))
      return path
    })
    this.server = this.#end('server', (common) => {
      const listen = [
        {
          transport: memoryTransport(this.#network, { pool: common.pool, host: SERVER }),
          endpoint: ENDPOINT,
        },
      ]
      return new TunnelServer({ ...common, listen })
    })
    this.client = this.#end('client', (common) => {
      const paths = links.map(({ mtuBytes = 1500 }, index) => ({
        name: `link${index + 1}`,
        transport: memoryTransport(this.#network, {
          pool: common.pool,
          host: localHost(index),
          maxFrameBytes: mtuBytes - OUTER_HEADERS_BYTES,
        }),
        endpoint: ENDPOINT,
      }))
      return new TunnelClient({ ...common, paths })
    })
  }

  /** Both ends up, all paths probed. */
  async start(): Promise<void> {
    await this.server.tunnel.start()
    this.client.tunnel.start()
    await this.runtime.advance(SETTLE_MS)
  }

  /** Lets time pass; promises go on every {@link TURN_MS}. */
  async pass(ms: number): Promise<void> {
    const endMs = this.runtime.nowMs() + ms
    while (this.runtime.nowMs() < endMs) {
      this.runtime.runUntil(Math.min(endMs, this.runtime.nowMs() + TURN_MS))
      await this.runtime.settle()
    }
  }

  /** What a line is like now. */
  lineAt(index: number, direction: Direction): Required<LineOptions> {
    const { forward, backward } = this.lines[index]!.lines()
    return direction === 'up' ? forward : backward
  }

  /** A line as the sending end sees it. */
  pathText(index: number, direction: Direction): string {
    const { tunnel } = direction === 'up' ? this.client : this.server
    const path = tunnel.stats().sessions[0]?.paths[index]
    return path === undefined ? 'no path' : `${path.name} ${path.use}/${path.prober.state}`
  }

  /** Lets time pass in which no promise has anything to do: much faster than {@link pass}. */
  async idle(ms: number): Promise<void> {
    this.runtime.runFor(ms)
    await this.runtime.settle()
  }

  /** Arms the changes of all lines, counted from now. */
  scheduleChanges(): void {
    const startMs = this.runtime.nowMs()
    for (const [index, { changes = [] }] of this.links.entries()) {
      for (const change of changes) {
        this.runtime.setTimer(startMs + change.atMs, () => this.#change(index, change))
      }
    }
  }

  async close(): Promise<void> {
    await this.client.tunnel.close()
    await this.server.tunnel.close()
    await this.runtime.advance(SETTLE_MS)
    for (const { pool } of [this.client, this.server]) {
      if (pool.inUse > 0) throw new Error(`${pool.inUse} packet slots were not given back`)
    }
  }

  #end<T>(side: Side, make: (common: TunnelOptions) => T): RigEnd<T> {
    const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: SLOTS }] })
    const host = new InnerHost({ runtime: this.runtime, pool, address: ADDRESSES[side] })
    const tunnel = make({
      runtime: this.runtime,
      pool,
      tun: host,
      createScheduler: () => new AdaptiveScheduler(),
      isAdaptive: true,
      createFragmenter: () => fragmenter({ pool }),
      onEvent: (event) => this.#onEvent(side, event),
    })
    return { tunnel, host, pool }
  }

  #change(index: number, { mbit, rttMs, loss, blackhole, down }: LinkChange): void {
    const line = this.lines[index]!
    line.set({
      ...(mbit !== undefined && { rateBps: mbit * 1e6 }),
      ...(rttMs !== undefined && { delayMs: rttMs / 2 }),
      ...(loss !== undefined && { loss }),
      ...(blackhole !== undefined && { blackhole }),
    })
    if (down === true) line.unreachable()
    else if (down === false) line.restore()
  }
}

const SETTLE_MS = 1000
const TURN_MS = 10

const localHost = (index: number): string => `10.0.${index}.1`
