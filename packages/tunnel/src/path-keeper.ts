import type { FrameSource, Link } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import { Prober } from '@mp/prober'
import { PathIds } from '@mp/secure-channel'
import type { Bonding, DownEnd } from './bonding/bonding.ts'
import type { ControlChannel } from './control-channel.ts'
import type { DropCounter } from './drop-counter.ts'
import { PartDrops } from './part-drops.ts'
import { refreshGate } from './path-gate.ts'
import { USUAL_SETTINGS, isSpecial } from './path-settings.ts'
import type { PathSettings } from './path-settings.ts'
import type { PathSizes } from './path-sizes.ts'
import { TunnelPath } from './path.ts'
import type { PathIdentity } from './path.ts'
import { Roaming } from './roaming.ts'
import type { Arrival } from './roaming.ts'
import type { Sealer } from './sealer.ts'
import type { SessionOptions } from './session-options.ts'
import type { Session } from './session.ts'

export interface PathKeeperParts extends Pick<
  SessionOptions,
  | 'role'
  | 'peer'
  | 'scratch'
  | 'scheduler'
  | 'probers'
  | 'proberOptions'
  | 'owners'
  | 'nowMs'
  | 'randomBytes'
  | 'onEvent'
  | 'onPathChange'
  | 'onTouched'
> {
  /** Whose paths they are. */
  readonly session: Session
  readonly paths: PathManager<TunnelPath>
  readonly drops: DropCounter
  readonly control: ControlChannel
  readonly sealer: Sealer
  readonly sizes: PathSizes
  /** Undefined when paths are shared by weight. */
  readonly bonding: Bonding | undefined
}

/** How the paths of a session come and go, and the links under them. */
export class PathKeeper {
  readonly #parts: PathKeeperParts
  readonly #roaming: Roaming
  /** Ids of the paths a client has opened, and those that are burnt. */
  readonly #ids = new PathIds()

  constructor(parts: PathKeeperParts) {
    const { randomBytes, sealer } = parts
    this.#parts = parts
    this.#roaming = new Roaming({
      randomBytes,
      challenge: (path, link, token) => sealer.sendChallenge(path, link, token),
      attach: (path, link) => this.attach(path, link),
    })
  }

  /** Makes a path known; it carries nothing before it has a link and its probes are answered. */
  add(identity: PathIdentity, settings: Partial<PathSettings> = {}): TunnelPath {
    const { session, paths, scratch, proberOptions, nowMs } = this.#parts
    const prober = new Prober(proberOptions)
    const path = new TunnelPath(
      identity,
      { ...USUAL_SETTINGS, ...settings },
      { owner: session, prober, shelf: scratch.out },
    )
    prober.setIdleInterval(path.settings.idleProbeMs, nowMs())
    paths.append(path, { suspended: true, reason: 'new' })
    return path
  }

  /** Makes a path known under an id that may be used. Throws RangeError when there is none, or the session is over. */
  open(name: string, settings: Partial<PathSettings>): TunnelPath {
    if (this.#parts.session.isClosed)
      throw new RangeError(`the tunnel is closed: path '${name}' cannot join it`)
    const id = this.#ids.acquire()
    if (id < 0) {
      throw new RangeError(
        'no path id is free: there are 32 paths, or all ids were used; try again after a change of keys',
      )
    }
    return this.add({ id, name }, settings)
  }

  /** Uses a path in another way from now on. */
  configure(path: TunnelPath, settings: PathSettings): void {
    const { scheduler, bonding, nowMs } = this.#parts
    if (settings.weight !== path.weight) scheduler.setWeight(path, settings.weight)
    path.settings = settings
    path.tellsWishes ||= isSpecial(settings)
    path.prober.setIdleInterval(settings.idleProbeMs, nowMs())
    this.handleChange()
    bonding?.handleSettings(path)
  }

  /** Gives a path its carrier, in place of the one it had. */
  attach(path: TunnelPath, link: Link): void {
    const { session, owners, peer, onEvent } = this.#parts
    const old = path.link
    const { remoteAddress: remote, transport } = link
    const isNews = path.isReportedUnlinked || old?.remoteAddress !== remote || old.transport !== transport
    path.link = link
    owners.set(link, session)
    path.blocked = false
    path.isReportedUnlinked = false
    old?.close()
    this.#parts.sizes.attach(path, this.#parts.nowMs())
    if (session.established) this.probe(path)
    this.handleChange()
    if (!isNews) return
    onEvent({ type: 'path-linked', atMs: this.#parts.nowMs(), peer, path: path.name, remote, transport })
  }

  /** A path has no link, or none that works. Said once, whoever notices first. */
  reportNoLink(path: TunnelPath, reason: string): void {
    const { peer, nowMs, onEvent } = this.#parts
    if (path.isReportedUnlinked) return
    path.isReportedUnlinked = true
    onEvent({ type: 'path-unlinked', atMs: nowMs(), peer, path: path.name, reason })
  }

  handleWritable(link: Link): void {
    const { paths, bonding, onTouched } = this.#parts
    const path = this.#pathOf(link)
    if (path === undefined) return
    path.blocked = false
    path.flush()
    refreshGate(paths)
    bonding?.handleWritable()
    onTouched()
  }

  /** The system does not send over `link` now. @returns the path it carries. */
  handleUnreachable(link: Link): TunnelPath | undefined {
    const path = this.#pathOf(link)
    if (path !== undefined) this.handleDown(path, 'here')
    return path
  }

  /** The system did not send a frame over `link`, which is too large for it. */
  handleTooBig(link: Link): void {
    const path = this.#pathOf(link)
    if (path === undefined) return
    this.#parts.sizes.handleRefusal(path, this.#parts.nowMs())
    this.#parts.onTouched()
  }

  /** A path leads nowhere now, as the system says (`here`) or the peer (`there`). A client tells its server, which may not see it. */
  handleDown(path: TunnelPath, end: DownEnd): void {
    const { role, bonding, sealer, session, paths, probers } = this.#parts
    const nowMs = this.#parts.nowMs()
    const wasLost = path.prober.state === 'lost'
    bonding?.handleDown(path, end, nowMs)
    path.prober.handleUnreachable(nowMs)
    probers.update(path, nowMs)
    if (role === 'server' || wasLost || !session.established) return
    const other = paths.list.find((each) => each !== path && paths.state(each.id) === 'active')
    if (other?.link !== undefined) sealer.sendDown(path, other.link)
  }

  /** A link has ended. What it dropped is told with its path only while it is there. */
  handleLinkClose(link: Link, reason: string): void {
    new PartDrops(this.#parts.drops, 'link-').count(link.stats().drops)
    this.unlink(link, reason)
  }

  /** The carrier of a path is gone: the path waits for another one. */
  unlink(link: Link, reason: string): void {
    const path = this.#pathOf(link)
    if (path === undefined) return
    path.link = undefined
    path.source = undefined
    path.blocked = false
    path.dropWaiting(this.#parts.drops, 'path-closed')
    this.handleDown(path, 'here')
    this.handleChange()
    // A full link was no choice before: nobody else would notice what waits for it.
    this.#parts.bonding?.pump.rebind(path)
    this.#parts.onTouched()
    this.reportNoLink(path, reason)
  }

  /** Asks over `link`, which is not the path's, whether the peer hears us there; it asks back, the same way. */
  tryLink(path: TunnelPath, link: Link): void {
    const token = new Uint8Array(8)
    this.#parts.randomBytes(token)
    this.#parts.sealer.sendChallenge(path, link, token)
  }

  /** The peer received a challenge. */
  handleResponse(path: TunnelPath, token: Uint8Array): void {
    this.#roaming.handleResponse(path, token)
  }

  /** Frames are sealed with other keys from now on. */
  handleRekey(): void {
    this.#ids.handleRekey()
  }

  /** A path got or lost its link, or its health changed. */
  handleChange(): void {
    const { session, paths, onTouched, onPathChange } = this.#parts
    refreshGate(paths)
    if (!session.isClosed) onTouched()
    onPathChange()
  }

  /** A frame came on a path that is not known. @returns the path, or undefined when it may not be. */
  join(pathId: number, source: FrameSource, peer: number): TunnelPath | undefined {
    const { role, session } = this.#parts
    if (role === 'client' || session.isClosed) return undefined
    // The link first: an id that was taken once is burnt, also when nothing came of it.
    const link = source.link(peer)
    if (link === undefined) return undefined
    if (!this.#ids.claim(pathId)) {
      link.close()
      return undefined
    }
    const path = this.add({ id: pathId, name: `path ${pathId}` })
    path.source = source
    path.peer = peer
    this.attach(path, link)
    return path
  }

  /** A client's own link says where its server is; a server goes where its client went. */
  follow(path: TunnelPath, arrival: Arrival): void {
    if (this.#parts.role === 'server') return this.#roaming.handleMove(path, arrival)
    path.source = arrival.source
    path.peer = arrival.peer
  }

  /** Has a path probed now. A new carrier or a word from the peer is as good as a sign of life from a lost path. */
  probe(path: TunnelPath): void {
    const { probers } = this.#parts
    const nowMs = this.#parts.nowMs()
    path.prober.start(nowMs)
    path.prober.handleAlive(nowMs)
    if (!probers.update(path, nowMs)) probers.add(path, path.prober, nowMs)
  }

  /** Has a path that works probed in a moment: a probe tells the peer what is wished of it. */
  probeSoon(path: TunnelPath): void {
    const nowMs = this.#parts.nowMs()
    path.prober.hasten(nowMs)
    this.#parts.probers.update(path, nowMs)
  }

  /** Traffic and replies changed when probers want to be woken; once per batch is often enough. */
  updateProbers(nowMs: number): void {
    for (const path of this.#parts.paths.list) this.#parts.probers.update(path, nowMs)
  }

  /** Stops using a path and tells the peer. */
  close(path: TunnelPath): void {
    if (path.link !== undefined && this.#parts.session.established) this.#parts.control.sendPathClose(path)
    this.drop(path, 'closed')
  }

  /** Forgets a path, and lets go of what waits for it. */
  drop(path: TunnelPath, reason: string): void {
    const { probers, paths, drops } = this.#parts
    path.dropWaiting(drops, 'path-closed')
    this.#roaming.forget(path)
    probers.remove(path)
    const { link } = path
    path.link = undefined
    link?.close()
    if (paths.remove(path.id, reason) && this.#ids.has(path.id)) this.#ids.release(path.id)
  }

  /** Forgets all paths; `leave` is what is left to do on each before. */
  dropAll(leave: (path: TunnelPath) => void): void {
    for (const path of this.#parts.paths.list) {
      leave(path)
      this.drop(path, 'session closed')
    }
  }

  #pathOf(link: Link): TunnelPath | undefined {
    for (const path of this.#parts.paths.list) if (path.link === link) return path
    return undefined
  }
}
