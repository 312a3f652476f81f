import type { Crypto, KeyPair } from '@mp/interface'
import { MemoryNetwork, memoryTransport, simRuntime } from '@mp/testkit'
import type { SimRuntime } from '@mp/testkit'
import { TunnelClient } from '../../src/client.ts'
import type { ServerPeer } from '../../src/door.ts'
import { TunnelServer } from '../../src/server.ts'
import { baseOf, pathsOf, tunnelOptionsOf } from './end.ts'
import type { End } from './end.ts'
import { packets } from './packets.ts'
import { securityOf, seededCrypto } from './security.ts'
import { until } from './until.ts'

export interface HubOptions {
  readonly clientToClient?: boolean
  /** Slots of each client's pool. Default 256. */
  readonly slots?: number
  /** All clients are behind this address. Default: each has one of its own. */
  readonly host?: string
}

const SERVER = '10.9.0.1:7000'

/** A server and clients with one path each, all of them with keys. Clients are numbered from 0. */
export class Hub {
  readonly runtime: SimRuntime = simRuntime({ seed: 1 })
  readonly network: MemoryNetwork = new MemoryNetwork({ runtime: this.runtime, line: { delayMs: 10 } })
  readonly trace: string[] = []
  readonly clients: End<TunnelClient>[] = []
  readonly server: End<TunnelServer>
  readonly #options: HubOptions
  readonly #crypto: Crypto = seededCrypto(1)
  readonly #serverKeys: KeyPair = this.#crypto.generateKeyPair()
  readonly #keys: KeyPair[] = []

  constructor(options: HubOptions = {}) {
    this.#options = options
    const { runtime, network } = this
    const base = baseOf('server', {})
    const transport = base.tap.attach(memoryTransport(network, { pool: base.pool }))
    const tunnel = new TunnelServer({
      ...tunnelOptionsOf(base, runtime, this.trace),
      listen: [{ transport, endpoint: SERVER }],
      security: securityOf({ runtime, pool: base.pool, crypto: this.#crypto, staticKeys: this.#serverKeys }),
      ...(options.clientToClient === undefined ? {} : { clientToClient: options.clientToClient }),
    })
    this.server = { ...base, tunnel }
  }

  /** A client as the server may know it. */
  peer(number: number): ServerPeer {
    this.#keys[number] ??= this.#crypto.generateKeyPair()
    const { publicKey } = this.#keys[number]
    return { name: `client ${number}`, publicKey, allowedIPs: [`${addressOf(number)}/32`] }
  }

  startClient(number: number): End<TunnelClient> {
    const { runtime } = this
    const { slots = 256, host = `10.8.${number >> 8}.${number & 255}` } = this.#options
    const base = baseOf('client', { slots })
    const { pool } = base
    this.peer(number)
    const security = securityOf({ runtime, pool, crypto: this.#crypto, staticKeys: this.#keys[number]! })
    const transport = base.tap.attach(memoryTransport(this.network, { pool, host }))
    const tunnel = new TunnelClient({
      ...tunnelOptionsOf(base, runtime, this.trace),
      paths: [{ name: 'dsl', transport, endpoint: SERVER }],
      security: { ...security, serverKey: this.#serverKeys.publicKey },
    })
    this.clients[number] = { ...base, tunnel }
    tunnel.start()
    return this.clients[number]
  }

  /** Starts the server and lets the first `clients` in. */
  async start(clients: number): Promise<void> {
    await this.server.tunnel.start()
    for (let number = 0; number < clients; number++) this.server.tunnel.addPeer(this.peer(number))
    for (let number = 0; number < clients; number++) this.startClient(number)
    await this.until(
      () => this.clients.every((client) => isUp(client)) && this.#sessionsUp() === clients,
      15_000,
    )
  }

  /** Lets time pass until `holds`, looking every 10 ms. @returns how long it took, ms. */
  until(holds: () => boolean, limitMs: number): Promise<number> {
    return until(holds, limitMs, this)
  }

  /** Until a client can send, and be sent to. */
  async untilUp(number: number): Promise<void> {
    await this.until(() => isUp(this.clients[number]!), 3000)
    await this.pass(50)
  }

  async pass(ms: number): Promise<void> {
    await this.runtime.advance(ms)
  }

  /** One client sends to an address. @returns how many packets came out at the server. */
  async send(from: number, { src = addressOf(from), dst = HOME, count = 3 }): Promise<number> {
    const before = this.server.tun.received.length
    this.clients[from]!.tun.injectBatch(packets(count, { src, dst, bytes: 100 }))
    await this.pass(30)
    return this.server.tun.received.length - before
  }

  /** The server sends to an address. @returns how many packets came out at each client. */
  async sendBack(dst: string, count = 3): Promise<number[]> {
    const before = this.clients.map(({ tun }) => tun.received.length)
    this.server.tun.injectBatch(packets(count, { src: HOME, dst, bytes: 100 }))
    await this.pass(30)
    return this.clients.map(({ tun }, number) => tun.received.length - before[number]!)
  }

  async close(): Promise<void> {
    for (const { tunnel } of [...this.clients, this.server]) await tunnel.close()
    await this.pass(1000)
    for (const { pool, side } of [...this.clients, this.server]) {
      if (pool.inUse !== 0) throw new Error(`${pool.inUse} slots left at a ${side}`)
    }
    if (!this.runtime.runUntilIdle(1000)) throw new Error('timers of a closed tunnel still run')
  }

  #sessionsUp(): number {
    const { sessions } = this.server.tunnel.stats()
    return sessions.filter(({ paths }) => paths.some(({ use }) => use === 'active')).length
  }
}

/** An address of the server itself, inside of the tunnel. */
export const HOME = '10.77.255.1'

/** The address that is a client's. */
export const addressOf = (number: number): string => `10.77.${number >> 8}.${number & 255}`

export const isUp = (client: End): boolean => pathsOf(client).some(({ use }) => use === 'active')

/** Runs `body` with so many clients, and closes all. */
export async function inHub(
  clients: number,
  body: (hub: Hub) => Promise<void>,
  options: HubOptions = {},
): Promise<void> {
  const hub = new Hub(options)
  try {
    await hub.start(clients)
    await body(hub)
  } finally {
    await hub.close()
  }
}
