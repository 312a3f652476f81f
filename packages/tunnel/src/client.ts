import type { ClassModes, FrameHandler, FrameSource, Link, PacketBatch, Transport } from '@mp/interface'
import { FallbackTransport, dialPersistently } from '@mp/path-manager'
import type { PersistentLink } from '@mp/path-manager'
import { greeterFor, refuseForeign, serverName } from './client-parts.ts'
import { checkPaths } from './client-path.ts'
import type { ClientPath } from './client-path.ts'
import { Comebacks } from './comebacks.ts'
import { TunnelCore } from './core.ts'
import type { Refuse, TunnelOptions } from './core.ts'
import type { Wakeable } from './driver.ts'
import type { Greeter, Welcome } from './greeter.ts'
import { checkSettings, settingsOf } from './path-settings.ts'
import type { PathSettings } from './path-settings.ts'
import type { TunnelPath } from './path.ts'
import { Retirement } from './retirement.ts'
import type { ClientSecurity } from './security.ts'
import type { Session } from './session.ts'
import { StaleLinks } from './stale-links.ts'
import type { TunnelStats } from './stats.ts'

/** What a client is made of, and its ways to the server. */
export interface TunnelClientOptions extends TunnelOptions {
  /** Up to 32 paths; with none it waits for {@link TunnelClient.addPath}. */
  readonly paths: readonly ClientPath[]
  /** Absent: nothing is encrypted. */
  readonly security?: ClientSecurity
  /** Networks that packets from the server may come from. Default: any. */
  readonly allowedIPs?: readonly string[]
}

/** After this many greetings, some three seconds, it is worth telling that nobody answers. */
const UNANSWERED_GREETINGS = 5

/**
 * First and longest wait between two dials, ms. A connection that breaks is replaced while what it carried waits, and
 * a server that restarts is found as soon as by the hellos of UDP.
 */
const FIRST_REDIAL_MS = 50
const LAST_REDIAL_MS = 1600

/** A session that just began has this long to show a path that works before the next one is looked for, ms. */
const TRIAL_MS = 1000

/**
 * The side that calls. It keeps a link on every path, greets the server on all of them until one answers, and begins
 * anew when none works any more.
 */
export class TunnelClient implements FrameHandler, Wakeable {
  readonly #options: TunnelClientOptions
  readonly #core: TunnelCore
  readonly #session: Session
  readonly #greeter: Greeter
  readonly #refuse: Refuse | undefined
  readonly #stale = new StaleLinks((path) => this.#links.get(path)?.redial())
  readonly #comebacks: Comebacks
  readonly #links = new Map<TunnelPath, PersistentLink>()
  readonly #retirement: Retirement
  /** Preferred transports of the paths that may fall back to another one. */
  readonly #preferred = new Map<TunnelPath, Transport>()
  /** No path works: the greeter looks for the server, and not only for new keys. */
  #isSearching = false
  /** The keys of the session grow old. */
  #wantsKeys = false
  /** When the session has had the time to show a path that works, ms; Infinity when it had it, or showed one. */
  #trialEndMs = Infinity
  #closing: Promise<void> | undefined

  /** Throws RangeError for paths out of range. */
  constructor(options: TunnelClientOptions) {
    checkPaths(options.paths)
    this.#options = options
    this.#core = new TunnelCore(options)
    this.#session = this.#core.createSession({
      role: 'client',
      peer: serverName(options.security),
      security: options.security,
      localIndex: this.#core.randomIndex(),
      deliver: (packets) => this.#core.deliver(packets, this.#refuse),
      onHandshake: (frame) => this.#handleAnswer(frame),
      onPeerClose: () => this.#session.handlePeerGone(),
      onPathChange: () => this.#handlePathChange(),
      onKeysWanted: () => this.#renewKeys(),
      onKeysGone: () => this.#session.handlePeerGone(),
    })
    this.#retirement = new Retirement({
      paths: this.#session.paths,
      rest: (path) => this.#configure(path, { isExhausted: true }),
      close: (path) => this.#close(path),
    })
    this.#comebacks = new Comebacks({
      dial: async (path) => this.#links.get(path)!.dialBeside(this.#preferred.get(path)!),
      ask: (path, link) => this.#session.keeper.tryLink(path, link),
      adopt: (path, link) => this.#links.get(path)?.adopt(link),
      nowMs: () => this.#core.nowMs(),
    })
    this.#greeter = greeterFor(options.security, {
      core: this.#core,
      localIndex: this.#session.localIndex,
      greet: (attempt) => this.#greet(attempt),
    })
    this.#refuse = refuseForeign(options)
  }

  /** Begins to dial all paths and to read the TUN. Does not wait for either. */
  start(): void {
    const machines = [this.#greeter, this.#stale, this.#retirement, this.#comebacks, this]
    for (const machine of machines) this.#core.driver.add(machine)
    this.#core.start((packets, nowMs) => this.#session.send(packets, nowMs))
    for (const path of this.#options.paths) this.#dial(path)
    this.#watch()
    this.#core.driver.rearm()
  }

  stats(): TunnelStats {
    return this.#core.stats([this.#session])
  }

  /**
   * Uses another path beside those there are. Throws RangeError for a name that is taken, settings out of range, when
   * no path id is free (of 32 paths, or of 256 in the time of two changes of keys), and once the tunnel is closed.
   */
  addPath(path: ClientPath): void {
    checkSettings(path.name, path)
    if (this.#pathNamed(path.name) !== undefined)
      throw new RangeError(`there is a path '${path.name}' already`)
    this.#dial(path)
    this.#core.driver.rearm()
  }

  /**
   * Lets a path go as {@link retirePath} does, and another one take its place under its name, also when it is the only one.
   * Throws RangeError as {@link addPath}.
   */
  replacePath(path: ClientPath): void {
    checkSettings(path.name, path)
    const old = this.#pathNamed(path.name)
    this.#dial(path)
    if (old !== undefined) this.#retirement.begin(old, this.#core.nowMs())
    this.#core.driver.rearm()
  }

  /**
   * Uses a path in another way from now on, here and at the server; what `changes` do not name stays. False when there is no path
   * of that name. Throws RangeError for settings out of range.
   */
  setPath(name: string, changes: Partial<PathSettings>): boolean {
    checkSettings(name, changes)
    const path = this.#pathNamed(name)
    if (path === undefined) return false
    this.#configure(path, changes)
    this.#core.driver.rearm()
    return true
  }

  /** Uses paths in another way for each class of traffic from now on, here and at the server. */
  setModes(modes: ClassModes): void {
    this.#core.setModes(modes, [this.#session])
    for (const path of this.#session.paths) this.#session.keeper.probeSoon(path)
    this.#core.driver.rearm()
  }

  /**
   * Stops using a path for good: the server forgets it too, the others carry on, and its id is not used again. False
   * when there is no path of that name. Throws RangeError for the last one: close the tunnel instead.
   */
  closePath(name: string): boolean {
    const path = this.#pathToLeave(name)
    if (path !== undefined) this.#close(path)
    this.#core.driver.rearm()
    return path !== undefined
  }

  /**
   * As {@link closePath}, but without losing a packet: the path goes on until another one works, for 10 s at most, then
   * nothing more is sent over it, and a second later it ends. Its name is free at once.
   */
  retirePath(name: string): boolean {
    const path = this.#pathToLeave(name)
    if (path !== undefined) this.#retirement.begin(path, this.#core.nowMs())
    this.#core.driver.rearm()
    return path !== undefined
  }

  /**
   * The line under a path is gone, for this reason: what waits and what is under way takes other paths at once, and
   * nothing is dialled before {@link resumePath}. False when there is no path of that name.
   */
  suspendPath(name: string, reason: string): boolean {
    const path = this.#pathNamed(name)
    if (path === undefined) return false
    if (path.link !== undefined) this.#session.keeper.unlink(path.link, reason)
    else this.#session.keeper.reportNoLink(path, reason)
    this.#links.get(path)?.pause()
    this.#core.driver.rearm()
    return true
  }

  /** The line under a path is there: dials at once if it has no link. False when there is no path of that name. */
  resumePath(name: string): boolean {
    const path = this.#pathNamed(name)
    if (path !== undefined) this.#links.get(path)?.resume()
    return path !== undefined
  }

  /**
   * A path had better leave from another address: dials for a link that takes the place of the one there is, which is
   * used until then. False when there is no path of that name.
   */
  redialPath(name: string): boolean {
    const path = this.#pathNamed(name)
    if (path !== undefined) this.#links.get(path)?.redial()
    return path !== undefined
  }

  /** Tells the server, then lets go of everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    if (this.#closing !== undefined) return this.#core.drops.dropAll(batch, 'closed')
    this.#session.receive(batch, source, this.#core.nowMs())
    this.#comebacks.handleFrames()
    this.#core.handleTraffic()
  }

  onWritable(link: Link): void {
    this.#session.keeper.handleWritable(link)
    this.#core.driver.rearm()
  }

  onUnreachable(link: Link, code: string): void {
    if (code === 'EMSGSIZE') this.#session.keeper.handleTooBig(link)
    else this.#handleFault(link, code)
    this.#core.driver.rearm()
  }

  onClose(link: Link, error?: Error): void {
    this.#session.keeper.handleLinkClose(link, error?.message ?? 'closed by the server')
    this.#core.driver.rearm()
  }

  pollTimeout(): number {
    return this.#trialEndMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#trialEndMs) return
    this.#trialEndMs = Infinity
    this.#watch()
  }

  #pathNamed(name: string): TunnelPath | undefined {
    return this.#session.paths.list.find((each) => each.name === name && !this.#retirement.has(each))
  }

  #pathToLeave(name: string): TunnelPath | undefined {
    const path = this.#pathNamed(name)
    if (path !== undefined && this.#session.paths.size - this.#retirement.count === 1)
      throw new RangeError(`'${name}' is the last path: close the tunnel instead`)
    return path
  }

  #close(path: TunnelPath): void {
    this.#session.keeper.close(path)
    this.#links.get(path)?.close()
    this.#links.delete(path)
    this.#stale.forget(path)
    this.#comebacks.forget(path)
    this.#retirement.forget(path)
    this.#handlePathChange()
  }

  #configure(path: TunnelPath, changes: Partial<PathSettings>): void {
    this.#session.keeper.configure(path, { ...path.settings, ...settingsOf(changes) })
    // Tells the server now, and not only when the next probe is due.
    this.#session.keeper.probeSoon(path)
  }

  #handleFault(link: Link, code: string): void {
    const path = this.#session.keeper.handleUnreachable(link)
    // One that the server's machine refuses has found the way there.
    if (path !== undefined && code !== 'ECONNREFUSED') this.#stale.handleFault(path, this.#core.nowMs())
  }

  async #shutDown(): Promise<void> {
    this.#greeter.stop()
    this.#comebacks.close()
    // The session first: it still has a last word for the server.
    this.#core.closeSession(this.#session, { tellPeer: true, reason: 'client closed' })
    for (const link of this.#links.values()) link.close()
    await this.#core.close()
  }

  #dial({ name, transport: preferred, fallback, endpoint, ...wishes }: ClientPath): void {
    const path = this.#session.keeper.open(name, settingsOf(wishes))
    const transport = this.#transportOf(path, preferred, fallback)
    const link = dialPersistently(transport, endpoint, {
      handler: this,
      ...wishes,
      runtime: this.#options.runtime,
      backoff: { initialMs: FIRST_REDIAL_MS, maxMs: LAST_REDIAL_MS },
      onUp: (carrier) => this.#attach(path, carrier),
      onDown: (error) => this.#session.keeper.reportNoLink(path, error?.message ?? 'closed by the server'),
      onRedialFailure: (error) => this.#session.keeper.reportNoLink(path, error.message),
    })
    this.#links.set(path, link)
  }

  #transportOf(path: TunnelPath, preferred: Transport, fallback: Transport | undefined): Transport {
    if (fallback === undefined) return preferred
    const { runtime } = this.#options
    const either = new FallbackTransport({ preferred, fallback, runtime })
    this.#preferred.set(path, either.preferred)
    this.#comebacks.add(path, (link) => either.isPreferred(link))
    return either
  }

  /**
   * A path that comes up while we look for the server says hello at once. One that has another link now asks first
   * whether the server knows us still; that takes no longer, and the session goes on.
   */
  #attach(path: TunnelPath, link: Link): void {
    const isProbed = path.link !== undefined && this.#session.established
    this.#session.keeper.attach(path, link)
    if (this.#greeter.running && !isProbed) this.#sendHello(path)
    this.#core.driver.rearm()
  }

  /** Any path may be the first to reach the server: the hello goes out on all of them. */
  #greet(attempt: number): void {
    if (attempt === UNANSWERED_GREETINGS) this.#core.emit({ type: 'unanswered', atMs: this.#core.nowMs() })
    for (const path of this.#session.paths) this.#sendHello(path)
  }

  #sendHello(path: TunnelPath): void {
    this.#session.sendHandshake(path, (into) => this.#greeter.writeHello(path.id, into))
  }

  #handleAnswer(frame: Uint8Array): string | undefined {
    const answer = this.#greeter.handleAnswer(frame)
    if (typeof answer === 'object') this.#begin(answer)
    this.#core.driver.rearm()
    return typeof answer === 'object' ? undefined : answer
  }

  #begin(welcome: Welcome): void {
    this.#endSearch()
    this.#wantsKeys = false
    this.#trialEndMs = this.#core.nowMs() + TRIAL_MS
    this.#session.establish(welcome)
    this.#watch()
  }

  #endSearch(): void {
    this.#isSearching = false
    this.#greeter.stop()
  }

  #renewKeys(): void {
    this.#wantsKeys = true
    this.#greeter.start(this.#core.nowMs(), this.#session.remoteIndex)
    this.#core.driver.rearm()
  }

  #handlePathChange(): void {
    this.#stale.update(this.#session.paths, this.#core.nowMs())
    this.#comebacks.update()
    for (const path of this.#session.paths) {
      const { state } = path.prober
      if (state !== 'normal' && state !== 'unstable') continue
      this.#trialEndMs = Infinity
      path.isReportedUnlinked = false
      this.#links.get(path)?.keep()
    }
    this.#watch()
    this.#core.driver.rearm()
  }

  /**
   * Looks for the server whenever no path gives reason to believe that it hears us, and only then. The answer to a
   * greeting is such a reason, although no probe came back yet.
   */
  #watch(): void {
    const isOnTrial = this.#trialEndMs < Infinity
    if (this.#session.established && (this.#session.hasHope || isOnTrial)) {
      if (!this.#isSearching) return
      this.#endSearch()
      if (this.#wantsKeys) this.#renewKeys()
      return
    }
    if (this.#isSearching) return
    const atMs = this.#core.nowMs()
    if (this.#session.established) this.#core.emit({ type: 'stalled', atMs })
    this.#isSearching = true
    this.#greeter.start(atMs, 0)
  }
}
