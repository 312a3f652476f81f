import type { ClassModes, Fragmenter, FrameSource, PacketBatch } from '@mp/interface'
import { PathManager, connectScheduler } from '@mp/path-manager'
import type { Probe, ProberEvent } from '@mp/prober'
import { FrameCodec } from '@mp/wire'
import type { ControlBody } from '@mp/wire'
import { Bonding } from './bonding/bonding.ts'
import { ControlChannel } from './control-channel.ts'
import type { ControlParts } from './control-channel.ts'
import { DropCounter } from './drop-counter.ts'
import type { Wakeable } from './driver.ts'
import type { FrameGuard } from './frame-guard.ts'
import { FrameWriter } from './frame-writer.ts'
import type { Welcome } from './greeter.ts'
import { Inbound } from './inbound.ts'
import { Outbound } from './outbound.ts'
import { PacketInspector } from './packet-inspector.ts'
import { PathKeeper } from './path-keeper.ts'
import { PathSizes } from './path-sizes.ts'
import { PartDrops } from './part-drops.ts'
import type { PathOwner, TunnelPath } from './path.ts'
import { Sealer } from './sealer.ts'
import type { SessionOptions } from './session-options.ts'
import { sessionStats } from './stats.ts'
import type { SessionStats } from './stats.ts'
import { SessionTrace } from './trace.ts'
import { TooBig } from './too-big.ts'
import { wishedModes, wishedSettings, writeWishes } from './wishes.ts'

/** Most paths of a session. */
export const MAX_PATHS = 32
/** TCP makes packets of so many bytes at least: for a path that takes only smaller ones it is not throttled everywhere. */
const MIN_SEGMENT_PACKET_BYTES = 1200

/**
 * One peer: its paths, and the two ways packets take. Links come and go under the paths, paths come and go in the
 * session, and the session stays.
 */
export class Session implements PathOwner, Wakeable {
  readonly localIndex: number
  /** Name of the peer. */
  readonly peer: string
  /** When it was made, ms. */
  readonly openedMs: number
  readonly fragmenter: Fragmenter
  readonly guard: FrameGuard
  readonly paths: PathManager<TunnelPath>
  /** Has paths come and go, and the links under them. */
  readonly keeper: PathKeeper
  readonly #options: SessionOptions
  readonly #drops: DropCounter
  readonly #writer: FrameWriter
  readonly #control: ControlChannel
  readonly #outbound: Outbound
  readonly #inbound: Inbound
  readonly #sealer: Sealer
  readonly #pieceDrops: PartDrops
  readonly #sizes: PathSizes
  /** Undefined when paths are shared by weight. */
  readonly #bonding: Bonding | undefined
  /** The peer's index for the session; 0 until it has told us. */
  #remoteIndex = 0
  /** The epoch that frames are sealed in. */
  #epoch = 0
  #isClosed = false
  /** What paths are used for; undefined when nothing was said. */
  #modes: ClassModes | undefined
  /** What the client wishes them to be used for, as told; 0 = nothing. */
  #wishedModes = 0
  #heardMs = -Infinity
  /** When the peer had shown that it is there, ms. */
  #confirmedMs = Infinity

  constructor(options: SessionOptions) {
    this.#options = options
    this.localIndex = options.localIndex
    this.peer = options.peer
    this.fragmenter = options.fragmenter
    this.guard = options.guard
    this.openedMs = options.nowMs()
    this.paths = new PathManager({ maxPaths: MAX_PATHS, onError: options.onError })
    connectScheduler(this.paths, options.scheduler)
    const drops = new DropCounter(options.pool, options.totalDrops)
    const codec = new FrameCodec(options.pool.arena)
    const trace = new SessionTrace({ ...options, arena: options.pool.arena })
    trace.watch(this.paths)
    const writer = new FrameWriter({ pool: options.pool, codec, drops, trace })
    const control = this.#createControl({ codec, writer, drops })
    const shared = { ...options, paths: this.paths, writer, drops, trace }
    const bonding = options.isAdaptive ? new Bonding(shared) : undefined
    this.#sizes = this.#createSizes(control, bonding)
    const sized = { ...shared, sizes: this.#sizes }
    const parts = {
      ...sized,
      codec,
      control,
      bonding,
      inspector: this.#createInspector(),
      tooBig: new TooBig(sized),
    }
    this.#bonding = bonding
    this.#drops = drops
    this.#writer = writer
    this.#control = control
    this.#outbound = new Outbound(parts)
    this.#inbound = new Inbound({
      ...parts,
      onOpened: () => this.#syncEpoch('renewed'),
      onHeard: (nowMs) => {
        if (options.role === 'server' && this.#heardMs === -Infinity) this.#confirm(nowMs)
        this.#heardMs = nowMs
      },
      join: (pathId, source, peer) => this.keeper.join(pathId, source, peer),
      follow: (path, arrival) => this.keeper.follow(path, arrival),
    })
    this.#sealer = new Sealer(parts)
    this.#pieceDrops = new PartDrops(drops, 'piece-')
    if (options.modes !== undefined) this.setModes(options.modes)
    this.keeper = new PathKeeper({ ...parts, session: this, sealer: this.#sealer })
  }

  #createControl(parts: Pick<ControlParts, 'codec' | 'writer' | 'drops'>): ControlChannel {
    return new ControlChannel({
      ...parts,
      pool: this.#options.pool,
      tellWeights: this.#options.role === 'client',
      onReply: (path, nonce, nowMs) => {
        const verdict = path.prober.handleReply(nonce, nowMs)
        this.#bonding?.handleReply(path)
        return verdict === 'sample' || verdict === 'late'
      },
      onSizeReply: (...reply) => this.#sizes.handleReply(...reply),
      onReport: (...report) =>
        this.#bonding === undefined ? 'unwanted-report' : this.#bonding.feedback.handleReport(...report),
      writeWishes: (path, probe) => {
        if (path.tellsWishes || this.#modes !== undefined)
          writeWishes(path.settings, this.#modes ?? {}, probe)
      },
      onWishes: (path, probe) => this.#follow(path, probe),
      onClose: this.#options.onPeerClose,
      // Which paths there are is the client's to say.
      onPathClose: (path) => {
        const isClients = this.#options.role === 'server'
        if (isClients) this.keeper.drop(path, 'closed by the client')
        return isClients
      },
      onPathDown: (path) => {
        const isClients = this.#options.role === 'server'
        if (isClients) this.keeper.handleDown(path, 'there')
        return isClients
      },
      onPathResponse: (path, token) => this.keeper.handleResponse(path, token),
    })
  }

  #createSizes(control: ControlChannel, bonding: Bonding | undefined): PathSizes {
    const { proberOptions, nowMs, onEvent } = this.#options
    return new PathSizes({
      paths: this.paths,
      nextNonce: proberOptions.nextNonce,
      ask: (path, nonce, frameBytes) => {
        this.#writer.setTime(nowMs())
        control.sendSizeProbe(path, nonce, frameBytes - this.guard.tagBytes)
      },
      onChange: (path, atMs) => bonding?.feedback.observe(path, atMs),
      onEvent: (path, { type, mtuBytes, atMs }) => {
        const isBlackHole = type === 'black-hole'
        onEvent({ type: 'path-mtu', atMs, peer: this.peer, path: path.name, mtuBytes, isBlackHole })
      },
    })
  }

  #createInspector(): PacketInspector {
    const { pool, clampsMss, tunMtuBytes } = this.#options
    const limitBytes = (): number =>
      Math.min(tunMtuBytes, Math.max(MIN_SEGMENT_PACKET_BYTES, this.#sizes.wholeBytes))
    return new PacketInspector(pool.arena, clampsMss ? limitBytes : undefined)
  }

  /** Both sides know each other's index: paths may be probed and carry data. */
  get established(): boolean {
    return this.#remoteIndex !== 0
  }

  /** The peer's index; 0 until it has told us. */
  get remoteIndex(): number {
    return this.#remoteIndex
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** When the last authentic frame came, ms; -Infinity before the first. */
  get heardMs(): number {
    return this.#heardMs
  }

  /** A path that could carry data at once, or of which nothing is known yet, has a link now. */
  get hasHope(): boolean {
    return this.paths.list.some(({ link, prober }) => link !== undefined && prober.state !== 'lost')
  }

  /** Takes inner packets from the TUN and empties the batch. */
  send(packets: PacketBatch, nowMs: number): void {
    this.#outbound.send(packets, nowMs)
    this.keeper.updateProbers(nowMs)
    if (this.#bonding !== undefined) this.#options.onTouched()
  }

  /** Takes frames from a link and empties the batch. */
  receive(frames: PacketBatch, source: FrameSource, nowMs: number): void {
    this.#writer.setTime(nowMs)
    this.#inbound.receive(frames, source, nowMs)
    this.keeper.updateProbers(nowMs)
    if (!this.#isClosed) this.#options.onTouched()
  }

  /** The peer answered, so it hears us: every path with a link is asked at once. */
  establish({ remoteIndex, keys }: Welcome): void {
    const nowMs = this.#options.nowMs()
    // A server that started anew may draw the index it had before.
    const isNew = keys?.fresh ?? remoteIndex !== this.#remoteIndex
    if (keys !== undefined) this.guard.install(keys, nowMs)
    if (isNew) this.#beginAnew(remoteIndex)
    this.#syncEpoch(isNew ? 'first' : 'renewed')
    for (const path of this.paths.list) if (path.link !== undefined) this.keeper.probe(path)
    this.#options.onTouched()
  }

  /** The peer said that it goes: no path leads to it, whatever their probers thought. */
  handlePeerGone(): void {
    const nowMs = this.#options.nowMs()
    for (const path of this.paths.list) path.prober.handleUnreachable(nowMs)
    this.keeper.updateProbers(nowMs)
  }

  /** Sends a handshake frame over `path`; `write` fills it in and says how long it is. */
  sendHandshake(path: TunnelPath, write: (into: Uint8Array) => number): void {
    this.#sealer.sendHandshake(path, write)
  }

  sendProbe(path: TunnelPath, probe: Probe): void {
    if (!this.established) return
    this.#writer.setTime(this.#options.nowMs())
    this.#control.sendProbe(path, probe.nonce)
  }

  handleProberEvent(path: TunnelPath, event: ProberEvent): void {
    this.keeper.handleChange()
    this.#sizes.update(path, event.atMs)
    const { from, to, atMs, reason } = event
    this.#options.onEvent({ type: 'path-state', atMs, peer: this.peer, path: path.name, from, to, reason })
  }

  /** Uses paths in another way for each class of traffic from now on. A client tells its server, which follows it. */
  setModes(modes: ClassModes): void {
    this.#modes = modes
    if (this.#wishedModes === 0) this.#options.scheduler.setModes?.(modes)
  }

  pollTimeout(): number {
    const { fragmenter, guard } = this
    const ownMs = Math.min(fragmenter.pollTimeout(), guard.pollTimeout(), this.#sizes.pollTimeout())
    return Math.min(ownMs, this.#bonding?.pollTimeout() ?? Infinity)
  }

  handleTimeout(nowMs: number): void {
    this.fragmenter.handleTimeout(nowMs)
    this.guard.handleTimeout(nowMs)
    this.#sizes.handleTimeout(nowMs)
    this.#bonding?.handleTimeout(nowMs)
  }

  stats(): SessionStats {
    this.#pieceDrops.count(this.fragmenter.stats().drops)
    const ageMs = this.#options.nowMs() - this.#confirmedMs
    return sessionStats(this, { ageMs, bonding: this.#bonding, drops: this.#drops })
  }

  seal(path: TunnelPath, frames: PacketBatch, from: number): void {
    this.#sealer.seal(path, frames, from)
  }

  /** Ends the session and lets go of all it holds; `tellPeer` on every path that it ends. */
  close(tellPeer: boolean): void {
    this.#isClosed = true
    this.#bonding?.close()
    this.keeper.dropAll((path) => {
      if (tellPeer && this.established) this.#control.sendClose(path, 0)
    })
    this.fragmenter.close()
    this.guard.close()
    this.#pieceDrops.count(this.fragmenter.stats().drops)
  }

  /** Does what the client wishes of a path. */
  #follow(path: TunnelPath, probe: ControlBody): void {
    const wished = wishedSettings(probe, path.settings)
    if (wished !== undefined) this.keeper.configure(path, wished)
    if (probe.modes === this.#wishedModes || probe.modes === 0) return
    this.#wishedModes = probe.modes
    this.#options.scheduler.setModes?.(wishedModes(probe.modes))
  }

  /** Another index than before: the peer started anew, and so do all counters. */
  #beginAnew(remoteIndex: number): void {
    this.#remoteIndex = remoteIndex
    this.#writer.setReceiver(remoteIndex)
    this.#bonding?.beginAnew()
    this.#inbound.beginAnew()
    for (const path of this.paths.list) path.beginAnew()
    // A client has the answer of the server in its hand; a server waits for a frame that shows that it came.
    if (this.#options.role === 'client') this.#confirm(this.#options.nowMs())
  }

  #confirm(nowMs: number): void {
    this.#confirmedMs = nowMs
    this.#options.onEvent({ type: 'established', atMs: nowMs, peer: this.peer })
  }

  /** The keys frames are sealed with may have changed. All frames so far are sealed. */
  #syncEpoch(keys: 'first' | 'renewed'): void {
    const { sendEpoch: epoch, encryption } = this.guard
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#writer.setEpoch(epoch)
    this.keeper.handleRekey()
    if (keys === 'first' || encryption === undefined) return
    const { nowMs, onEvent } = this.#options
    onEvent({ type: 'rekeyed', atMs: nowMs(), peer: this.peer, epoch, cipher: encryption.cipher })
  }
}
