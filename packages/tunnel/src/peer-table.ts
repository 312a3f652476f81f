import type { PacketBatch, PacketPool } from '@mp/interface'
import { AddressBook } from './address-book.ts'
import type { TunnelCore } from './core.ts'
import type { ServerPeer } from './door.ts'
import { PacketInspector } from './packet-inspector.ts'
import type { Security } from './security.ts'
import type { Session } from './session.ts'

/** A session and whose it is. */
export interface Client {
  readonly peer: ServerPeer
  readonly session: Session
}

interface Entry {
  readonly peer: ServerPeer
  /** Its number in the address book. */
  readonly owner: number
  /** The session packets go to. */
  current: Client | undefined
  /** A newer one, of which no frame came yet: with the first it takes the place of the other. */
  pending: Client | undefined
}

/** How a session ends. */
interface Ending {
  readonly tellPeer: boolean
  readonly reason: string
}

export interface PeerTableOptions {
  readonly core: TunnelCore
  readonly pool: PacketPool
  /** Absent: nothing is encrypted. */
  readonly security: Security | undefined
  /** Whether packets may go from one client to another. */
  readonly clientToClient: boolean
}

/** The clients of a server: who may come, who is there, and which inner addresses are whose. */
export class PeerTable {
  readonly #options: PeerTableOptions
  readonly #entries = new Map<string, Entry>()
  readonly #byOwner: (Entry | undefined)[] = []
  readonly #byKey = new Map<string, ServerPeer>()
  readonly #byIndex = new Map<number, Client>()
  readonly #addresses: AddressBook
  readonly #inspector: PacketInspector
  /** Packets for one session, out of a batch. */
  readonly #packets: PacketBatch

  constructor(options: PeerTableOptions) {
    const { pool, core } = options
    this.#options = options
    this.#addresses = new AddressBook(pool.arena)
    this.#inspector = new PacketInspector(pool.arena)
    this.#packets = pool.createBatch(core.batchSize)
  }

  /** Makes a client known. Throws RangeError for a name, key or network that is taken. */
  add(peer: ServerPeer): void {
    const { name, publicKey, allowedIPs } = peer
    const key = keyText(publicKey)
    if (this.#entries.has(name)) throw new RangeError(`there is a peer "${name}" already`)
    if (this.#byKey.has(key)) throw new RangeError(`the key of peer "${name}" is another peer's`)
    const free = this.#byOwner.indexOf(undefined)
    const owner = free < 0 ? this.#byOwner.length : free
    this.#addresses.add(allowedIPs, owner)
    const entry = { peer, owner, current: undefined, pending: undefined }
    this.#entries.set(name, entry)
    this.#byOwner[owner] = entry
    this.#byKey.set(key, peer)
  }

  /** Ends the sessions of a client and forgets it. Undefined when there is none of that name. */
  remove(name: string): ServerPeer | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    this.#closeEntry(entry, { tellPeer: true, reason: `${name} was removed` })
    this.#addresses.remove(entry.owner)
    this.#byOwner[entry.owner] = undefined
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
  open(peer: ServerPeer): Client {
    const { core, security } = this.#options
    const entry = this.#entries.get(peer.name)!
    if (entry.pending !== undefined)
      this.#end(entry.pending, { tellPeer: false, reason: `${peer.name} began anew` })
    const end = (reason: string): void => this.#end(client, { tellPeer: false, reason })
    const session = core.createSession({
      role: 'server',
      peer: peer.name,
      security,
      localIndex: this.#freeIndex(),
      deliver: (packets) => this.#deliver(packets, entry.owner),
      onHandshake: () => 'unexpected-handshake',
      onPeerClose: () => end(`closed by ${peer.name}`),
      onPathChange: () => {},
      onKeysWanted: () => {},
      onKeysGone: (reason) => end(`no keys left: ${reason}`),
    })
    const client: Client = { peer, session }
    entry.pending = client
    this.#byIndex.set(session.localIndex, client)
    return client
  }

  /** Frames of `client` came. If any was authentic it is there, and an older session of its peer is not. */
  confirm(client: Client): void {
    const entry = this.#entries.get(client.peer.name)
    if (entry?.pending !== client || client.session.heardMs === -Infinity) return
    entry.pending = undefined
    if (entry.current !== undefined) {
      this.#end(entry.current, { tellPeer: false, reason: `${client.peer.name} began anew` })
    }
    entry.current = client
  }

  /** Sends packets from the TUN to the clients they are for, and empties the batch. */
  route(packets: PacketBatch, nowMs: number): void {
    let session: Session | undefined
    for (let row = 0; row < packets.count; row++) {
      const next = this.#sessionFor(packets, row)
      if (next === undefined) continue
      if (next !== session || this.#packets.count === this.#packets.capacity)
        session?.send(this.#packets, nowMs)
      session = next
      packets.copyRow(row, this.#packets)
    }
    packets.count = 0
    session?.send(this.#packets, nowMs)
  }

  /** Forgets clients that were last heard, or never after they came, before `limitMs`. */
  closeSilent(limitMs: number): void {
    for (const client of this.#byIndex.values()) {
      const { heardMs, openedMs } = client.session
      if (Math.max(heardMs, openedMs) < limitMs) {
        this.#end(client, { tellPeer: false, reason: `${client.peer.name} is silent` })
      }
    }
  }

  closeAll(reason: string): void {
    for (const entry of this.#entries.values()) this.#closeEntry(entry, { tellPeer: true, reason })
  }

  /** The session a packet from the TUN is for. One that is for nobody is dropped here. */
  #sessionFor(packets: PacketBatch, row: number): Session | undefined {
    const owner = this.#addresses.destinationOf(packets.offset[row]!, packets.length[row]!)
    const entry = this.#byOwner[owner]
    if (entry?.current !== undefined) return entry.current.session
    const fault = this.#inspector.inspect(packets, row) ?? (entry === undefined ? 'no-peer' : 'no-session')
    return this.#options.core.drops.drop(packets.slot[row]!, fault)
  }

  /** What came from a client goes on only if its source is the client's own, and not to another client unasked. */
  #deliver(packets: PacketBatch, owner: number): void {
    const { core, clientToClient } = this.#options
    core.deliver(packets, (offset, lengthBytes) => {
      if (this.#addresses.sourceOf(offset, lengthBytes) !== owner) return 'foreign-source'
      if (clientToClient) return undefined
      const to = this.#addresses.destinationOf(offset, lengthBytes)
      return to < 0 || to === owner ? undefined : 'client-to-client'
    })
  }

  #closeEntry({ pending, current }: Entry, ending: Ending): void {
    if (pending !== undefined) this.#end(pending, ending)
    if (current !== undefined) this.#end(current, ending)
  }

  #end(client: Client, ending: Ending): void {
    if (!this.#byIndex.delete(client.session.localIndex)) return
    const entry = this.#entries.get(client.peer.name)
    if (entry?.current === client) entry.current = undefined
    if (entry?.pending === client) entry.pending = undefined
    this.#options.core.closeSession(client.session, ending)
  }

  #freeIndex(): number {
    const index = this.#options.core.randomIndex()
    return this.#byIndex.has(index) ? this.#freeIndex() : index
  }
}

function keyText(publicKey: Uint8Array | undefined): string {
  return publicKey === undefined ? '' : String.fromCodePoint(...publicKey)
}
