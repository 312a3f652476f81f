import type { FrameHandler, FrameSource, Link, Listener, PacketBatch, Transport } from '@mp/interface'
import { DECODE_ERROR_NAMES, DecodeError, FrameCodec, FrameHeader, FrameType, Handshake } from '@mp/wire'
import { TunnelCore } from './core.ts'
import type { TunnelOptions } from './core.ts'
import type { Wakeable } from './driver.ts'
import type { Session } from './session.ts'
import type { TunnelStats } from './stats.ts'

/** What a server is made of, and where it listens. */
export interface TunnelServerOptions extends TunnelOptions {
  /** Where clients come in: one or several. */
  readonly listen: readonly { readonly transport: Transport; readonly endpoint: string }[]
}

/** A client that is not heard for this long is forgotten, ms. Its paths are probed at least every 15 s. */
const SESSION_IDLE_MS = 180_000

/**
 * The side that waits. Frames find their session by the index they carry, whatever address they come from, and
 * answers leave from the port that was asked.
 *
 * Without encryption there is nothing to tell clients apart by, so there is one at a time: a hello with another
 * instance id than before is the client started anew, and takes the place of the session there was.
 */
export class TunnelServer implements FrameHandler, Wakeable {
  readonly #options: TunnelServerOptions
  readonly #core: TunnelCore
  readonly #codec: FrameCodec
  readonly #header = new FrameHeader()
  readonly #hello = new Handshake()
  /** The frames of one batch that are for the session. */
  readonly #frames: PacketBatch
  readonly #listeners: Listener[] = []
  #session: Session | undefined
  /** Instance id of the client the session belongs to. */
  #instanceHigh = 0
  #instanceLow = 0
  #heardMs = 0
  #closing: Promise<void> | undefined

  constructor(options: TunnelServerOptions) {
    this.#options = options
    this.#core = new TunnelCore(options)
    this.#codec = new FrameCodec(options.pool.arena)
    this.#frames = options.pool.createBatch(this.#core.batchSize)
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
    this.#core.start((packets, nowMs) => {
      if (this.#session === undefined) this.#core.drops.dropAll(packets, 'no-session')
      else this.#session.send(packets, nowMs)
    })
  }

  stats(): TunnelStats {
    return this.#core.stats(this.#session, this.#listeners)
  }

  /** Tells the client, then lets go of everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    if (this.#closing !== undefined) return this.#core.drops.dropAll(batch, 'closed')
    const nowMs = this.#core.nowMs()
    for (let row = 0; row < batch.count; row++) {
      const fault = this.#sort(batch, row, source)
      if (fault !== undefined) this.#core.drops.drop(batch.slot[row]!, fault)
      if (this.#frames.count === this.#frames.capacity) this.#receive(source, nowMs)
    }
    batch.count = 0
    this.#receive(source, nowMs)
    this.#core.driver.rearm()
  }

  onWritable(link: Link): void {
    this.#session?.handleWritable(link)
    this.#core.driver.rearm()
  }

  onUnreachable(link: Link): void {
    this.#session?.handleUnreachable(link)
    this.#core.driver.rearm()
  }

  onClose(link: Link, error?: Error): void {
    this.#session?.handleLinkClose(link, error?.message ?? 'closed by the client')
    this.#core.driver.rearm()
  }

  pollTimeout(): number {
    return this.#session === undefined ? Infinity : this.#heardMs + SESSION_IDLE_MS
  }

  handleTimeout(nowMs: number): void {
    if (nowMs >= this.pollTimeout()) this.#endSession('client silent', false)
  }

  async #shutDown(): Promise<void> {
    this.#endSession('server closed', true)
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    await this.#core.close()
  }

  /** Puts frames of the session aside and answers greetings. @returns why a frame is dropped. */
  #sort(batch: PacketBatch, row: number, source: FrameSource): string | undefined {
    const header = this.#header
    const code = this.#codec.readClear(batch.offset[row]!, batch.length[row]!, header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    if (header.type === FrameType.hello) return this.#greet(batch, row, source)
    if (header.receiver !== this.#session?.localIndex) return 'unknown-session'
    batch.copyRow(row, this.#frames)
    return undefined
  }

  #receive(source: FrameSource, nowMs: number): void {
    if (this.#frames.count === 0) return
    this.#heardMs = nowMs
    this.#session!.receive(this.#frames, source, nowMs)
  }

  #greet(batch: PacketBatch, row: number, source: FrameSource): string | undefined {
    const hello = this.#hello
    const code = this.#codec.readHandshake(batch.offset[row]!, batch.length[row]!, hello)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    this.#options.pool.release(batch.slot[row]!)
    const session = this.#sessionOf(hello)
    const path = session.greetedOn(this.#header.pathId, source, batch.peer[row]!)
    if (path === undefined) {
      this.#core.drops.count('no-way-back')
      return undefined
    }
    const receiver = hello.sender
    hello.sender = session.localIndex
    session.sendHandshake(path, receiver, hello)
    session.establish(receiver)
    return undefined
  }

  /** The session of the client that says hello: the one there is, or a new one in its place. */
  #sessionOf(hello: Handshake): Session {
    const known = hello.instanceHigh === this.#instanceHigh && hello.instanceLow === this.#instanceLow
    if (this.#session !== undefined && known) return this.#session
    this.#endSession('client started anew', false)
    this.#instanceHigh = hello.instanceHigh
    this.#instanceLow = hello.instanceLow
    this.#heardMs = this.#core.nowMs()
    this.#session = this.#core.createSession({
      role: 'server',
      onHandshake: () => 'unexpected-handshake',
      onPeerClose: () => this.#endSession('closed by the client', false),
      onPathChange: () => {},
    })
    return this.#session
  }

  #endSession(reason: string, tellPeer: boolean): void {
    const session = this.#session
    if (session === undefined) return
    this.#session = undefined
    this.#core.closeSession(session, { tellPeer, reason })
  }
}
