import type {
  ClassModes,
  FrameHandler,
  FrameSource,
  Link,
  Listener,
  PacketBatch,
  Transport,
} from '@mp/interface'
import { DECODE_ERROR_NAMES, DecodeError, FrameCodec, FrameHeader, FrameType } from '@mp/wire'
import { TunnelCore } from './core.ts'
import type { TunnelOptions } from './core.ts'
import type { Door, Guest, Knock, ServerPeer } from './door.ts'
import type { Wakeable } from './driver.ts'
import { HANDSHAKE_ROOM_BYTES } from './greeter.ts'
import type { Origin } from './inbound.ts'
import { NoiseDoor } from './noise-door.ts'
import { PeerTable } from './peer-table.ts'
import type { Client } from './peer-table.ts'
import { ANYONE, PlainDoor } from './plain-door.ts'
import type { Security } from './security.ts'
import type { TunnelStats } from './stats.ts'

/** What a server needs to speak Noise. */
export interface ServerSecurity extends Security {
  /** Handshakes computed for senders who have not shown that they receive at their address. Default 50. */
  readonly handshakesPerSecond?: number
}

/** What a server is made of, and where it listens. */
export interface TunnelServerOptions extends TunnelOptions {
  /** Where clients come in: one or several. */
  readonly listen: readonly { readonly transport: Transport; readonly endpoint: string }[]
  /** Absent: nothing is encrypted, and there is one client, whoever it is. */
  readonly security?: ServerSecurity
  /** The clients there may be; without `security` not used. More may come and go while it runs. */
  readonly peers?: readonly ServerPeer[]
  /** Whether clients may send to each other through the server. Default false. */
  readonly clientToClient?: boolean
}

/** A client that is not heard for this long is forgotten, ms. Its paths are probed at least every 15 s. */
const SESSION_IDLE_MS = 180_000
/** How often silent clients are looked for, ms. */
const SWEEP_MS = 10_000

/**
 * The side that waits, for many clients on one port and one TUN. Frames find their session by the index they carry,
 * whatever address they come from; inner packets find their client by the address they go to; and answers leave from
 * the port that was asked.
 */
export class TunnelServer implements FrameHandler, Wakeable {
  readonly #options: TunnelServerOptions
  readonly #core: TunnelCore
  readonly #codec: FrameCodec
  readonly #door: Door
  readonly #peers: PeerTable
  readonly #header = new FrameHeader()
  /** Frames of one session, out of a batch. */
  readonly #frames: PacketBatch
  readonly #reply: PacketBatch
  readonly #listeners: Listener[] = []
  #sweepMs = 0
  #closing: Promise<void> | undefined

  constructor(options: TunnelServerOptions) {
    const { pool, security, peers = [], clientToClient = false } = options
    this.#options = options
    this.#core = new TunnelCore(options)
    this.#codec = new FrameCodec(pool.arena)
    this.#peers = new PeerTable({ core: this.#core, pool, security, clientToClient })
    this.#door = this.#createDoor(security)
    this.#frames = pool.createBatch(this.#core.batchSize)
    this.#reply = pool.createBatch(1)
    for (const peer of security === undefined ? [ANYONE] : peers) this.#peers.add(peer)
  }

  /** Addresses it listens at, with the real ports. */
  get localAddresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.localAddress)
  }

  /**
   * Listens, then reads the TUN. Rejects with the coded error of the first listener that could not be opened. When it
   * is closed meanwhile, nothing stays open.
   */
  async start(): Promise<void> {
    for (const { transport, endpoint } of this.#options.listen) {
      const listener = await transport.listen(endpoint, this)
      if (this.#closing !== undefined) return listener.close()
      this.#listeners.push(listener)
    }
    this.#core.driver.add(this)
    this.#core.start((packets, nowMs) => this.#peers.route(packets, nowMs))
  }

  /**
   * Lets another client in, also while the tunnel runs. Throws RangeError for a name, key or network that is taken,
   * and without `security`, where clients cannot be told apart.
   */
  addPeer(peer: ServerPeer): void {
    this.#checkSecure()
    this.#peers.add(peer)
  }

  /**
   * Ends the session of a client, tells it so, and lets it in no more. False when there is none of that name. Throws
   * RangeError without `security`.
   */
  removePeer(name: string): boolean {
    this.#checkSecure()
    const peer = this.#peers.remove(name)
    if (peer !== undefined) this.#door.forget(peer)
    return peer !== undefined
  }

  /** Uses paths in another way from now on; of clients that wish something else, as they wish. */
  setModes(modes: ClassModes): void {
    this.#core.setModes(modes, this.#peers.sessions())
  }

  stats(): TunnelStats {
    return this.#core.stats(this.#peers.sessions(), this.#listeners)
  }

  /** Tells the clients, then lets go of everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    if (this.#closing !== undefined) return this.#core.drops.dropAll(batch, 'closed')
    const nowMs = this.#core.nowMs()
    const sole = this.#soleClient(batch)
    if (sole === undefined) this.#sortAll(batch, source, nowMs)
    else this.#receive(sole, batch, { source, nowMs })
    this.#core.handleTraffic()
  }

  /** A batch that is all for one session, as most are, is passed on as it is. */
  #soleClient({ count, offset, length }: PacketBatch): Client | undefined {
    const index = count === 0 ? 0 : this.#codec.receiverOf(offset[0]!, length[0]!)
    for (let row = 1; row < count; row++) {
      if (this.#codec.receiverOf(offset[row]!, length[row]!) !== index) return undefined
    }
    return index === 0 ? undefined : this.#peers.byIndex(index)
  }

  #sortAll(batch: PacketBatch, source: FrameSource, nowMs: number): void {
    let client: Client | undefined
    for (let row = 0; row < batch.count; row++) {
      const next = this.#sort(batch, row, source, nowMs)
      if (next === undefined) continue
      const isFull = this.#frames.count === this.#frames.capacity
      if (client !== undefined && (next !== client || isFull)) {
        this.#receive(client, this.#frames, { source, nowMs })
      }
      client = next
      batch.copyRow(row, this.#frames)
    }
    batch.count = 0
    if (client !== undefined) this.#receive(client, this.#frames, { source, nowMs })
  }

  onWritable(link: Link): void {
    this.#core.ownerOf(link)?.keeper.handleWritable(link)
    this.#core.driver.rearm()
  }

  onUnreachable(link: Link, code: string): void {
    const keeper = this.#core.ownerOf(link)?.keeper
    if (code === 'EMSGSIZE') keeper?.handleTooBig(link)
    else keeper?.handleUnreachable(link)
    this.#core.driver.rearm()
  }

  onClose(link: Link, error?: Error): void {
    this.#core.ownerOf(link)?.keeper.handleLinkClose(link, error?.message ?? 'closed by the client')
    this.#core.driver.rearm()
  }

  pollTimeout(): number {
    return this.#sweepMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#sweepMs) return
    this.#sweepMs = nowMs + SWEEP_MS
    this.#peers.closeSilent(nowMs - SESSION_IDLE_MS)
  }

  async #shutDown(): Promise<void> {
    this.#peers.closeAll('server closed')
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    await this.#core.close()
  }

  #checkSecure(): void {
    if (this.#options.security === undefined)
      throw new RangeError('without security there is one client, whoever it is: peers need keys')
  }

  #createDoor(security: ServerSecurity | undefined): Door {
    if (security === undefined) return new PlainDoor((index) => this.#peers.byIndex(index) !== undefined)
    return new NoiseDoor({ ...security, peerOf: (publicKey) => this.#peers.byKey(publicKey) })
  }

  /** Finds whose frame it is; answers greetings. All that is for nobody is used up. */
  #sort(batch: PacketBatch, row: number, source: FrameSource, nowMs: number): Client | undefined {
    const header = this.#header
    const code = this.#codec.readClear(batch.offset[row]!, batch.length[row]!, header)
    let fault = DECODE_ERROR_NAMES[code]
    if (code === DecodeError.none) {
      if (header.type === FrameType.hello) return this.#greet(batch, row, source, nowMs)
      const client = this.#peers.byIndex(header.receiver)
      if (client !== undefined) return client
      fault = 'unknown-session'
    }
    return this.#core.drops.drop(batch.slot[row]!, fault!)
  }

  #receive(client: Client, frames: PacketBatch, { source, nowMs }: Origin): void {
    client.session.receive(frames, source, nowMs)
    this.#peers.confirm(client)
  }

  /** Strangers get an answer only if the door says so, and nothing is kept of them but by it. */
  #greet(batch: PacketBatch, row: number, source: FrameSource, nowMs: number): undefined {
    const { pool } = this.#options
    const slot = pool.acquire()
    if (slot < 0) return this.#core.drops.drop(batch.slot[row]!, 'pool-empty')
    const peer = batch.peer[row]!
    const offset = pool.offsetOf(slot)
    const into = pool.arena.subarray(offset, offset + HANDSHAKE_ROOM_BYTES)
    const from = batch.offset[row]!
    const frame = pool.arena.subarray(from, from + batch.length[row]!)
    const result = this.#door.handleHello(
      knockOf(frame, nowMs, () => source.address(peer)),
      into,
    )
    if (result.kind === 'drop') {
      pool.release(slot)
      return this.#core.drops.drop(batch.slot[row]!, result.reason)
    }
    pool.release(batch.slot[row]!)
    const lengthBytes = result.kind === 'guest' ? this.#welcome(result.guest) : result.lengthBytes
    this.#reply.push(slot, offset, lengthBytes)
    this.#reply.peer[0] = peer
    source.reply(this.#reply)
    return undefined
  }

  /** Gives a guest a session, or the one it has new keys. @returns the length of the welcome, bytes. */
  #welcome(guest: Guest): number {
    const known = this.#peers.byIndex(guest.session)
    // Under another index of the client's all counters would begin anew, and the old keys are in use until it confirms.
    if (known?.peer === guest.peer && known.session.remoteIndex === guest.remoteIndex) {
      const { session } = known
      const { lengthBytes, keys } = guest.respond({
        localIndex: session.localIndex,
        epoch: session.guard.nextEpoch,
      })
      session.establish({ remoteIndex: guest.remoteIndex, ...(keys && { keys }) })
      return lengthBytes
    }
    const client = this.#peers.open(guest.peer)
    const { lengthBytes, keys } = guest.respond({ localIndex: client.session.localIndex })
    client.session.establish({ remoteIndex: guest.remoteIndex, ...(keys && { keys }) })
    return lengthBytes
  }
}

/** The address is written out only for a door that asks: most junk is turned away before. */
function knockOf(frame: Uint8Array, nowMs: number, address: () => string | undefined): Knock {
  return {
    frame,
    nowMs,
    get source() {
      return address() ?? ''
    },
  }
}
