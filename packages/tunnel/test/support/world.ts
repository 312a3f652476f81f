import type { BatchAead, CipherName, Crypto, KeyPair, Transport } from '@mp/interface'
import type { Mempool } from '@mp/mempool'
import { MemoryNetwork, memoryTransport, simRuntime } from '@mp/testkit'
import type { LineOptions, MemoryTransportOptions, NetworkPath, SimRuntime } from '@mp/testkit'
import { TunnelClient } from '../../src/client.ts'
import type { TunnelClientOptions } from '../../src/client.ts'
import type { ServerPeer } from '../../src/door.ts'
import type { ClientPath } from '../../src/client-path.ts'
import type { PathSettings } from '../../src/path-settings.ts'
import type { ClientSecurity, Security } from '../../src/security.ts'
import { TunnelServer } from '../../src/server.ts'
import type { PathStats } from '../../src/stats.ts'
import type { ServerSecurity, TunnelServerOptions } from '../../src/server.ts'
import { baseOf, pathsOf, tunnelOptionsOf } from './end.ts'
import type { Base, BaseOptions, End, Side } from './end.ts'
import { securityOf, seededCrypto } from './security.ts'
import { until } from './until.ts'

export * from './end.ts'

/** One path of the client. */
export interface PathSpec extends Partial<PathSettings> {
  readonly name: string
  /** Host of the client it leaves from; each has its own line to the server. Default: one of its own. */
  readonly host?: string
  /** Host of the client that the fallback of the path leaves from. Default: it has none. */
  readonly fallback?: string
  /** Listener of the server, by index. Default 0. */
  readonly listener?: number
}

/** How an encrypted world differs from one in which all is as it should be. */
export interface WorldSecurity {
  /** The one cipher both ends have. Default ChaCha20-Poly1305. */
  readonly cipher?: CipherName
  /** Stands in for the real one. */
  readonly createAead?: (pool: Mempool) => BatchAead
  readonly client?: Partial<ClientSecurity>
  readonly server?: Partial<ServerSecurity>
  /** The client as the server knows it. */
  readonly peer?: Partial<ServerPeer>
}

export interface WorldOptions extends BaseOptions {
  readonly seed?: number
  readonly paths?: readonly PathSpec[]
  /** What all lines are like. Default: 10 ms, as fast as can be. */
  readonly line?: LineOptions
  /** Ports the server listens at. Default 7000 alone. */
  readonly ports?: readonly number[]
  /** Absent: nothing is encrypted. */
  readonly security?: WorldSecurity
  /** Networks behind the server, as the client knows them. Default: any. */
  readonly clientAllowedIPs?: readonly string[]
  /** Stands between the client and its transports. */
  readonly wrapClient?: (transport: Transport) => Transport
  readonly wire?: Pick<
    MemoryTransportOptions,
    'maxFrameBytes' | 'sendBufferBytes' | 'batchSize' | 'maxPeers' | 'dontFragment'
  >
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
  readonly #crypto: Crypto
  /** Who the ends are, also after they were started anew. */
  readonly keys: Readonly<Record<Side, KeyPair>>
  #client: End<TunnelClient> | undefined
  #server: End<TunnelServer> | undefined

  constructor(options: WorldOptions) {
    this.#options = options
    const { seed = 1, line = { delayMs: 10 } } = options
    this.runtime = simRuntime({ seed })
    this.network = new MemoryNetwork({ runtime: this.runtime, line, seed })
    this.#crypto = seededCrypto(seed)
    this.keys = { client: this.#crypto.generateKeyPair(), server: this.#crypto.generateKeyPair() }
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
    const base = baseOf('server', this.#options)
    const transport = this.#transport(base, SERVER_HOST)
    const listen = ports.map((port) => ({ transport, endpoint: `${SERVER_HOST}:${port}` }))
    const common = tunnelOptionsOf(base, this.runtime, this.trace, this.#options)
    this.#server = { ...base, tunnel: new TunnelServer({ ...common, ...this.#serverSecurity(base), listen }) }
    this.#ends.push(this.#server)
    await this.#server.tunnel.start()
    return this.#server
  }

  startClient(): End<TunnelClient> {
    const { clientAllowedIPs: allowedIPs } = this.#options
    const base = baseOf('client', this.#options)
    const dials = this.paths.map((spec, index) => this.#clientPath(base, spec, index))
    const common = tunnelOptionsOf(base, this.runtime, this.trace, this.#options)
    const wishes = { ...this.#clientSecurity(base), ...(allowedIPs && { allowedIPs }), paths: dials }
    this.#client = { ...base, tunnel: new TunnelClient({ ...common, ...wishes }) }
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
    return [this.client, this.server].every(
      (end) => pathsOf(end).filter(isHealthy).length === this.paths.length,
    )
  }

  /**
   * Lets time pass until `holds`, looking every 10 ms.
   * @returns how long it took, ms. Fails when that is longer than `limitMs`.
   */
  until(holds: () => boolean, limitMs: number): Promise<number> {
    return until(holds, limitMs, this)
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

  /** One more path for the client there is, over the line `index`. */
  clientPath(spec: PathSpec, index: number): ClientPath {
    return this.#clientPath(this.client, spec, index)
  }

  #clientPath(
    base: Base,
    { host: _host, listener = 0, fallback, ...path }: PathSpec,
    index: number,
  ): ClientPath {
    const { ports = [7000] } = this.#options
    const transport = this.#transport(base, this.#hostOf(index))
    return {
      ...path,
      transport,
      ...(fallback !== undefined && { fallback: this.#transport(base, fallback) }),
      endpoint: `${SERVER_HOST}:${ports[listener]}`,
    }
  }

  #hostOf(index: number): string {
    return this.paths[index]?.host ?? `10.0.${index}.1`
  }

  #transport({ side, pool, tap }: Base, host: string): Transport {
    const { wire, wrapClient } = this.#options
    const transport = memoryTransport(this.network, { ...wire, pool, host })
    return tap.attach(side === 'client' ? (wrapClient?.(transport) ?? transport) : transport)
  }

  #security(pool: Mempool, staticKeys: KeyPair): Security {
    const { cipher, createAead } = this.#options.security ?? {}
    const security = securityOf({ runtime: this.runtime, pool, crypto: this.#crypto, staticKeys, cipher })
    return createAead === undefined ? security : { ...security, aeadOf: () => createAead(pool) }
  }

  #serverSecurity({ pool }: Base): Pick<TunnelServerOptions, 'security' | 'peers'> {
    const { security } = this.#options
    if (security === undefined) return {}
    const peer = {
      name: 'client',
      publicKey: this.keys.client.publicKey,
      allowedIPs: ['10.1.0.0/24', 'fd00::/64'],
    }
    return {
      security: { ...this.#security(pool, this.keys.server), ...security.server },
      peers: [{ ...peer, ...security.peer }],
    }
  }

  #clientSecurity({ pool }: Base): Pick<TunnelClientOptions, 'security'> {
    const { security } = this.#options
    if (security === undefined) return {}
    const serverKey = this.keys.server.publicKey
    return { security: { ...this.#security(pool, this.keys.client), serverKey, ...security.client } }
  }
}

/** It carries data, or would if others did not. */
function isHealthy({ use, prober, settings }: PathStats): boolean {
  return prober.state === 'normal' && (use === 'active' || settings.role === 'backup')
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
