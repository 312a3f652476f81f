import type { PacketBatch, PacketPool } from '@mp/interface'
import { AllowedIps } from '@mp/secure-channel'
import type { TunnelCore } from './core.ts'
import type { ServerPeer } from './door.ts'
import type { Security } from './security.ts'
import type { Session } from './session.ts'

/** A session and whose it is. */
export interface Client {
  readonly peer: ServerPeer
  readonly session: Session
}

interface Entry {
  readonly peer: ServerPeer
  /** The session packets go to. */
  current: Client | undefined
  /** A newer one, of which no frame came yet: it takes the place of the other with the first. */
  pending: Client | undefined
}

export interface PeerTableOptions {
  readonly core: TunnelCore
  readonly pool: PacketPool
  readonly clientToClient: boolean
}

/** The clients of a server: who may come, who is there, and which inner addresses are whose. */
export class PeerTable {
  readonly #options: PeerTableOptions
  readonly #entries = new Map<string, Entry>()
  readonly #byKey = new Map<string, ServerPeer>()
  readonly #byIndex = new Map<number, Client>()
  readonly #routes: AllowedIps<ServerPeer>
  /** Packets for one session, out of a batch. */
  readonly #packets: PacketBatch

  constructor(options: PeerTableOptions) {
    this.#options = options
    this.#routes = new AllowedIps(options.pool.arena)
    this.#packets = options.pool.createBatch(options.core.batchSize)
  }

  /** Makes a client known. Throws RangeError for a name, key or network that is taken. */
  add(peer: ServerPeer): void {
    const { name, publicKey, allowedIPs } = peer
    const key = keyText(publicKey)
    if (this.#entries.has(name)) throw new RangeError(`there is a peer "${name}" already`)
    if (this.#byKey.has(key)) throw new RangeError(`the key of peer "${name}" is another peer's`)
    for (const network of allowedIPs) this.#routes.insert(network, peer)
    this.#entries.set(name, { peer, current: undefined, pending: undefined })
    this.#byKey.set(key, peer)
  }

  /** Ends the sessions of a client and forgets it. Undefined when there is none of that name. */
  remove(name: string): ServerPeer | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    this.#close(entry, 'pending', { tellPeer: true, reason: `${name} was removed` })
    this.#close(entry, 'current', { tellPeer: true, reason: `${name} was removed` })
    for (const network of entry.peer.allowedIPs) this.#routes.remove(network)
    this.#entries.delete(name)
    this.#byKey.delete(keyText(entry.peer.publicKey))
    return entry.peer
  }

  byKey(publicKey: Uint8Array): ServerPeer | undefined {
    return this.#byKey.get(keyText(publicKey))
  }

  /** The client whose frames carry `index`. */
  byIndex(index: number): Client | undefined {
    return this.#byIndex.get(index)
  }

  sessions(): readonly Session[] {
    return [...this.#byIndex.values()].map(({ session }) => session)
  }

  /** Gives a peer a new session. It takes the place of the one there is when its first frame comes. */
  open(peer: ServerPeer, security: Security | undefined): Client {
    const entry = this.#entries.get(peer.name)!
    this.#close(entry, 'pending', { tellPeer: false, reason: `${peer.name} began anew` })
    const end = (): void => this.#closeSession(entry, client, `closed by ${peer.name}`)
    const session = this.#options.core.createSession({
      role: 'server',
      name: peer.name,
      security,
      localIndex: this.#freeIndex(),
      deliver: (packets) => this.#deliver(packets, peer),
      onHandshake: () => 'unexpected-handshake',
      onPeerClose: end,
      onPathChange: () => {},
      onKeysWanted: () => {},
      onExpired: () => this.#closeSession(entry, client, `the keys of ${peer.name} expired`),
    })
    const client: Client = { peer, session }
    entry.pending = client
    this.#byIndex.set(session.localIndex, client)
    return client
  }

  /** An authentic frame of `client` came, perhaps: then it is there, and an older session of its peer is not. */
  confirm(client: Client): void {
    const entry = this.#entries.get(client.peer.name)
    if (entry?.pending !== client || client.session.heardMs === -Infinity) return
    this.#close(entry, 'current', { tellPeer: false, reason: `${client.peer.name} began anew` })
    entry.current = client
    entry.pending = undefined
  }

  /** Sends packets from the TUN to the clients they are for, and empties the batch. */
  route(packets: PacketBatch, nowMs: number): void {
    const run = this.#packets
    let session: Session | undefined
    for (let row = 0; row < packets.count; row++) {
      const peer = this.#routes.lookupDestination(packets.offset[row]!, packets.length[row]!)
      const next = peer === undefined ? undefined : this.#entries.get(peer.name)?.current?.session
      if (next !== session || run.count === run.capacity) {
        session?.send(run, nowMs)
        session = next
      }
      if (next !== undefined) packets.copyRow(row, run)
      else this.#options.core.drops.drop(packets.slot[row]!, peer === undefined ? 'no-peer' : 'no-session')
    }
    packets.count = 0
    session?.send(run, nowMs)
  }

  /** Forgets clients that were last heard before `limitMs`. */
  closeSilent(limitMs: number): void {
    for (const entry of this.#entries.values()) {
      const { current, pending } = entry
      const why = { tellPeer: false, reason: `${entry.peer.name} is silent` }
      if (current !== undefined && current.session.heardMs < limitMs) this.#close(entry, 'current', why)
      if (pending !== undefined && pending.session.openedMs < limitMs) this.#close(entry, 'pending', why)
    }
  }

  closeAll(reason: string): void {
    for (const entry of this.#entries.values()) {
      this.#close(entry, 'pending', { tellPeer: true, reason })
      this.#close(entry, 'current', { tellPeer: true, reason })
    }
  }

  /** What came from a client goes on only if its source is the client's own, and not to another client unasked. */
  #deliver(packets: PacketBatch, peer: ServerPeer): void {
    const { core, clientToClient } = this.#options
    const { offset, length, slot } = packets
    let kept = 0
    for (let row = 0; row < packets.count; row++) {
      const isOwn = this.#routes.lookupSource(offset[row]!, length[row]!) === peer
      const to = clientToClient ? undefined : this.#routes.lookupDestination(offset[row]!, length[row]!)
      if (!isOwn) core.drops.drop(slot[row]!, 'foreign-source')
      else if (to !== undefined && to !== peer) core.drops.drop(slot[row]!, 'client-to-client')
      else keep(packets, row, kept++)
    }
    packets.count = kept
    if (kept > 0) core.deliver(packets)
  }

  #closeSession(entry: Entry, client: Client, reason: string): void {
    if (entry.current === client) this.#close(entry, 'current', { tellPeer: false, reason })
    if (entry.pending === client) this.#close(entry, 'pending', { tellPeer: false, reason })
  }

  #close(entry: Entry, which: 'current' | 'pending', why: { readonly tellPeer: boolean; readonly reason: string }): void {
    const client = entry[which]
    if (client === undefined) return
    entry[which] = undefined
    this.#byIndex.delete(client.session.localIndex)
    this.#options.core.closeSession(client.session, why)
  }

  #freeIndex(): number {
    const index = this.#options.core.randomIndex()
    return this.#byIndex.has(index) ? this.#freeIndex() : index
  }
}

/** Moves row `from` to row `to` in place: what delivery needs of it is where the packet is. */
function keep({ slot, offset, length, flags, flow }: PacketBatch, from: number, to: number): void {
  if (from === to) return
  slot[to] = slot[from]!
  offset[to] = offset[from]!
  length[to] = length[from]!
  flags[to] = flags[from]!
  flow[to] = flow[from]!
}

function keyText(publicKey: Uint8Array | undefined): string {
  return publicKey === undefined ? '' : String.fromCodePoint(...publicKey)
}
