import type { Transport } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { CfsScheduler } from '@mp/scheduler-cfs'
import { MemoryNetwork, memoryTransport, memoryTun, simRuntime } from '@mp/testkit'
import type { LineOptions, MemoryTransportOptions, MemoryTun, NetworkPath, SimRuntime } from '@mp/testkit'
import { fragmenter } from '@mp/udpmux'
import { TunnelClient } from '../../src/client.ts'
import type { TunnelEvent } from '../../src/events.ts'
import { TunnelServer } from '../../src/server.ts'
import type { PathStats, TunnelStats } from '../../src/stats.ts'
import { Tap } from './tap.ts'

/** One path of the client. */
export interface PathSpec {
  readonly name: string
  readonly weight?: number
  /** Host of the client it leaves from; each has its own line to the server. Default: one of its own. */
  readonly host?: string
  /** Listener of the server, by index. Default 0. */
  readonly listener?: number
}

export interface WorldOptions {
  readonly seed?: number
  readonly paths?: readonly PathSpec[]
  /** What all lines are like. Default: 10 ms, as fast as can be. */
  readonly line?: LineOptions
  /** Ports the server listens at. Default 7000 alone. */
  readonly ports?: readonly number[]
  readonly mtuBytes?: number
  /** Slots of each pool. Default 4096. */
  readonly slots?: number
  /** Packets that a TUN takes until the test makes room. */
  readonly tunRoom?: number
  readonly createPool?: (slots: number) => Mempool
  /** Stands between the client and its transports. */
  readonly wrapClient?: (transport: Transport) => Transport
  readonly wire?: Pick<MemoryTransportOptions, 'maxFrameBytes' | 'sendBufferBytes' | 'batchSize' | 'maxPeers'>
}

export type Side = 'client' | 'server'

/** One end of a tunnel and what it stands on. */
export interface End<T = TunnelClient | TunnelServer> {
  readonly side: Side
  readonly tunnel: T
  readonly pool: Mempool
  readonly tun: MemoryTun
  /** All frames between it and its transports. */
  readonly tap: Tap
  readonly events: TunnelEvent[]
}

export const SERVER_HOST = '10.9.0.1'
const TWO_PATHS: readonly PathSpec[] = [{ name: 'dsl' }, { name: 'lte' }]
const CLOSE_MS = 1000

/** A client, a server and the lines between them, in one simulated time. */
export class World {
  readonly runtime: SimRuntime
  readonly network: MemoryNetwork
  /** What happened at both ends, in order. */
  readonly trace: string[] = []
  readonly #options: WorldOptions
  readonly #ends: End[] = []
  #client: End<TunnelClient> | undefined
  #server: End<TunnelServer> | undefined

  constructor(options: WorldOptions) {
    this.#options = options
    const { seed = 1, line = { delayMs: 10 } } = options
    this.runtime = simRuntime({ seed })
    this.network = new MemoryNetwork({ runtime: this.runtime, line, seed })
  }

  /** All ends there ever were. */
  get ends(): readonly End[] {
    return this.#ends
  }

  get client(): End<TunnelClient> {
    return this.#client!
  }

  get server(): End<TunnelServer> {
    return this.#server!
  }

  /** The line of a path, by its place in the list. */
  line(index: number): NetworkPath {
    return this.network.path(this.#hostOf(index), SERVER_HOST)
  }

  async startServer(): Promise<End<TunnelServer>> {
    const { ports = [7000] } = this.#options
    const base = this.#base('server')
    const transport = this.#transport(base, SERVER_HOST)
    const listen = ports.map((port) => ({ transport, endpoint: `${SERVER_HOST}:${port}` }))
    this.#server = { ...base, tunnel: new TunnelServer({ ...this.#common(base), listen }) }
    this.#ends.push(this.#server)
    await this.#server.tunnel.start()
    return this.#server
  }

  startClient(): End<TunnelClient> {
    const { ports = [7000] } = this.#options
    const base = this.#base('client')
    const dials = this.paths.map(({ name, weight = 1, listener = 0 }, index) => ({
      name,
      weight,
      transport: this.#transport(base, this.#hostOf(index)),
      endpoint: `${SERVER_HOST}:${ports[listener]}`,
    }))
    this.#client = { ...base, tunnel: new TunnelClient({ ...this.#common(base), paths: dials }) }
    this.#ends.push(this.#client)
    this.#client.tunnel.start()
    return this.#client
  }

  /** Both ends, until all paths are healthy at both. */
  async start(): Promise<void> {
    await this.startServer()
    this.startClient()
    await this.until(() => this.allHealthy(), 5000)
  }

  get paths(): readonly PathSpec[] {
    return this.#options.paths ?? TWO_PATHS
  }

  allHealthy(): boolean {
    return [this.client, this.server].every((end) => healthyPaths(end).length === this.paths.length)
  }

  /**
   * Lets time pass until `holds`, looking every 10 ms.
   * @returns how long it took, ms. Fails when that is longer than `limitMs`.
   */
  async until(holds: () => boolean, limitMs: number): Promise<number> {
    const startMs = this.runtime.nowMs()
    while (!holds()) {
      const passedMs = this.runtime.nowMs() - startMs
      check(passedMs < limitMs, `not within ${limitMs} ms: ${String(holds)}\n${this.trace.join('\n')}`)
      await this.runtime.advance(10)
    }
    return this.runtime.nowMs() - startMs
  }

  async pass(ms: number): Promise<void> {
    await this.runtime.advance(ms)
  }

  /** Ends without a word: the lines are dead while it closes, so that nobody hears of it. */
  async kill(side: Side): Promise<void> {
    this.cutAll()
    await this[side].tunnel.close()
    this.restoreAll()
  }

  cutAll(): void {
    for (const index of this.paths.keys()) this.line(index).cut()
  }

  restoreAll(): void {
    for (const index of this.paths.keys()) this.line(index).restore()
  }

  /** Closes all ends that were ever started; nothing may be left behind. */
  async close(): Promise<void> {
    for (const { tunnel } of this.#ends) await tunnel.close()
    await this.runtime.advance(CLOSE_MS)
    for (const { pool, side } of this.#ends)
      check(pool.inUse === 0, `${pool.inUse} slots left at the ${side}`)
    check(this.runtime.runUntilIdle(CLOSE_MS), 'timers of a closed tunnel still run')
  }

  #hostOf(index: number): string {
    return this.paths[index]?.host ?? `10.0.${index}.1`
  }

  #base(side: Side): Omit<End, 'tunnel'> {
    const { slots = 4096, mtuBytes = 1400, tunRoom: receiveLimitPackets = 100_000 } = this.#options
    const pool = this.#options.createPool?.(slots) ?? new Mempool({ classes: [{ packetBytes: 1920, slots }] })
    const tun = memoryTun({ pool, mtuBytes, name: side, receiveLimitPackets })
    return { side, pool, tun, tap: new Tap(pool), events: [] }
  }

  #common({ side, pool, tun, events }: Omit<End, 'tunnel'>) {
    return {
      runtime: this.runtime,
      pool,
      tun,
      createScheduler: () => new CfsScheduler<never>(),
      createFragmenter: () => fragmenter({ pool }),
      onTunClose: (error?: Error) => this.trace.push(`${side} lost its TUN: ${error?.message}`),
      onEvent: (event: TunnelEvent) => {
        events.push(event)
        this.trace.push(`${side} ${JSON.stringify(event)}`)
      },
    }
  }

  #transport({ side, pool, tap }: Omit<End, 'tunnel'>, host: string): Transport {
    const { wire, wrapClient } = this.#options
    const transport = memoryTransport(this.network, { ...wire, pool, host })
    return tap.attach(side === 'client' ? (wrapClient?.(transport) ?? transport) : transport)
  }
}

function check(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}

/** Runs `body` in a world whose tunnel is up, and closes it, whatever happens. */
export async function inWorld(options: WorldOptions, body: (world: World) => Promise<void>): Promise<void> {
  const world = new World(options)
  try {
    await world.start()
    await body(world)
  } finally {
    await world.close()
  }
}

export const statsOf = ({ tunnel }: End): TunnelStats => tunnel.stats()

export function pathsOf(end: End): readonly PathStats[] {
  return statsOf(end).sessions[0]?.paths ?? []
}

function healthyPaths(end: End): readonly PathStats[] {
  return pathsOf(end).filter(({ use, prober }) => use === 'active' && prober.state === 'normal')
}

/** How often something happened to an end. */
export function countOf({ events }: End, type: TunnelEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

/** Why the sessions of an end were closed, in order. */
export const closeReasons = ({ events }: End): string[] =>
  events.flatMap((event) => (event.type === 'closed' ? [event.reason] : []))
