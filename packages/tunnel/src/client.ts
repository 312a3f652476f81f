import type { FrameHandler, FrameSource, Link, PacketBatch } from '@mp/interface'
import { dialPersistently } from '@mp/path-manager'
import type { PersistentLink } from '@mp/path-manager'
import { DECODE_ERROR_NAMES, DecodeError, FrameCodec, Handshake } from '@mp/wire'
import { checkPaths } from './client-path.ts'
import type { ClientPath } from './client-path.ts'
import { TunnelCore } from './core.ts'
import type { TunnelOptions } from './core.ts'
import { HangingLinks } from './hanging-links.ts'
import { HelloSchedule } from './hello.ts'
import type { TunnelPath } from './path.ts'
import type { Session } from './session.ts'
import type { TunnelStats } from './stats.ts'

/** What a client is made of, and its ways to the server. */
export interface TunnelClientOptions extends TunnelOptions {
  /** 1…32 paths. */
  readonly paths: readonly ClientPath[]
}

/** After this many greetings, some three seconds, it is worth telling that nobody answers. */
const UNANSWERED_GREETINGS = 5

/** Longest wait between two dials, ms: a line that comes back after hours is used soon. */
const LAST_REDIAL_MS = 8000

/**
 * The side that calls. It keeps a link on every path, greets the server on all of them until one answers, and begins
 * anew when none works any more.
 */
export class TunnelClient implements FrameHandler {
  readonly #options: TunnelClientOptions
  readonly #core: TunnelCore
  readonly #codec: FrameCodec
  readonly #session: Session
  readonly #hello: HelloSchedule
  readonly #hanging = new HangingLinks((path) => this.#replaceLink(path))
  readonly #greeting = new Handshake()
  readonly #welcome = new Handshake()
  readonly #links: PersistentLink[] = []
  #closing: Promise<void> | undefined

  /** Throws RangeError for paths out of range. */
  constructor(options: TunnelClientOptions) {
    checkPaths(options.paths)
    this.#options = options
    this.#core = new TunnelCore(options)
    this.#codec = new FrameCodec(options.pool.arena)
    this.#session = this.#core.createSession({
      role: 'client',
      onHandshake: (batch, row) => this.#handleWelcome(batch, row),
      onPeerClose: () => this.#session.handlePeerGone(),
      onPathChange: () => this.#handlePathChange(),
    })
    this.#greeting.sender = this.#session.localIndex
    this.#greeting.instanceHigh = this.#core.randomWord()
    this.#greeting.instanceLow = this.#core.randomWord()
    this.#hello = new HelloSchedule(
      (attempt) => this.#greet(attempt),
      () => this.#core.random(),
    )
  }

  /** Begins to dial all paths and to read the TUN. Does not wait for either. */
  start(): void {
    this.#core.driver.add(this.#hello)
    this.#core.driver.add(this.#hanging)
    this.#core.start((packets, nowMs) => this.#session.send(packets, nowMs))
    for (const [id, path] of this.#options.paths.entries()) this.#dial(id, path)
    this.#watch()
    this.#core.driver.rearm()
  }

  stats(): TunnelStats {
    return this.#core.stats(this.#session)
  }

  /** Tells the server, then lets go of everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    if (this.#closing !== undefined) return this.#core.drops.dropAll(batch, 'closed')
    this.#session.receive(batch, source, this.#core.nowMs())
    this.#core.driver.rearm()
  }

  onWritable(link: Link): void {
    this.#session.handleWritable(link)
    this.#core.driver.rearm()
  }

  onUnreachable(link: Link): void {
    this.#session.handleUnreachable(link)
    this.#core.driver.rearm()
  }

  onClose(link: Link, error?: Error): void {
    this.#session.handleLinkClose(link, error?.message ?? 'closed by the server')
    this.#core.driver.rearm()
  }

  async #shutDown(): Promise<void> {
    this.#hello.stop()
    // The session first: it still has a last word for the server.
    this.#core.closeSession(this.#session, { tellPeer: true, reason: 'client closed' })
    for (const link of this.#links) link.close()
    await this.#core.close()
  }

  #dial(id: number, { name, transport, endpoint, weight = 1, localAddress, device }: ClientPath): void {
    const path = this.#session.addPath({ id, name, weight })
    const link = dialPersistently(transport, endpoint, {
      handler: this,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(device === undefined ? {} : { device }),
      runtime: this.#options.runtime,
      backoff: { maxMs: LAST_REDIAL_MS },
      onUp: (carrier) => this.#attach(path, carrier),
      onDown: (error) => this.#session.reportNoLink(path, error?.message ?? 'closed by the server'),
    })
    this.#links.push(link)
  }

  /** A path that comes up while we look for the server says hello at once. */
  #attach(path: TunnelPath, link: Link): void {
    this.#session.attach(path, link)
    if (this.#hello.running) this.#session.sendHandshake(path, 0, this.#greeting)
    this.#core.driver.rearm()
  }

  #greet(attempt: number): void {
    if (attempt === UNANSWERED_GREETINGS) this.#core.emit({ type: 'unanswered', atMs: this.#core.nowMs() })
    for (const path of this.#session.paths) this.#session.sendHandshake(path, 0, this.#greeting)
  }

  #handleWelcome(batch: PacketBatch, row: number): string | undefined {
    const welcome = this.#welcome
    const code = this.#codec.readHandshake(batch.offset[row]!, batch.length[row]!, welcome)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    const { instanceHigh, instanceLow } = this.#greeting
    if (welcome.instanceHigh !== instanceHigh || welcome.instanceLow !== instanceLow) return 'foreign-welcome'
    this.#options.pool.release(batch.slot[row]!)
    this.#session.establish(welcome.sender)
    this.#watch()
    return undefined
  }

  #handlePathChange(): void {
    this.#hanging.update(this.#session.paths, this.#core.nowMs())
    this.#watch()
  }

  #replaceLink(path: TunnelPath): void {
    this.#session.reportNoLink(path, 'the connection hangs; trying another one')
    path.link?.close()
  }

  /** Looks for the server whenever no path gives reason to believe that it hears us, and only then. */
  #watch(): void {
    if (this.#session.established && this.#session.hasHope) return this.#hello.stop()
    if (this.#hello.running) return
    const atMs = this.#core.nowMs()
    if (this.#session.established) this.#core.emit({ type: 'stalled', atMs })
    this.#hello.start(atMs)
  }
}
