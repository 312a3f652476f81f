import type { Fragmenter, FrameSource, Link, PacketBatch } from '@mp/interface'
import { PathManager, connectScheduler } from '@mp/path-manager'
import { Prober } from '@mp/prober'
import type { Probe, ProberEvent } from '@mp/prober'
import { PathIds } from '@mp/secure-channel'
import { DecodeError, FrameCodec } from '@mp/wire'
import { Bonding } from './bonding/bonding.ts'
import { ControlChannel } from './control-channel.ts'
import { DropCounter } from './drop-counter.ts'
import type { Wakeable } from './driver.ts'
import type { FrameGuard } from './frame-guard.ts'
import { FrameWriter } from './frame-writer.ts'
import type { Welcome } from './greeter.ts'
import { Inbound } from './inbound.ts'
import { Outbound } from './outbound.ts'
import { PacketInspector } from './packet-inspector.ts'
import { refreshGate } from './path-gate.ts'
import { PieceDrops } from './piece-drops.ts'
import { TunnelPath } from './path.ts'
import type { PathIdentity, PathOwner } from './path.ts'
import { Roaming } from './roaming.ts'
import type { Arrival } from './roaming.ts'
import { Sealer } from './sealer.ts'
import type { SessionOptions } from './session-options.ts'
import { sessionStats } from './stats.ts'
import type { SessionStats } from './stats.ts'

/** Most paths of a session. */
export const MAX_PATHS = 32

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
  readonly #options: SessionOptions
  readonly #drops: DropCounter
  readonly #writer: FrameWriter
  readonly #control: ControlChannel
  readonly #outbound: Outbound
  readonly #inbound: Inbound
  readonly #roaming: Roaming
  /** Ids of the paths a client has opened, and those that are burnt. */
  readonly #ids = new PathIds()
  readonly #sealer: Sealer
  readonly #pieceDrops: PieceDrops
  /** Undefined when paths are shared by weight. */
  readonly #bonding: Bonding | undefined
  /** The peer's index for the session; 0 until it has told us. */
  #remoteIndex = 0
  /** The epoch that frames are sealed in. */
  #epoch = 0
  #closed = false
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
    const writer = new FrameWriter(options.pool, codec, drops)
    const control = this.#createControl(codec, writer)
    const shared = { ...options, paths: this.paths, writer, drops }
    const bonding = options.isAdaptive ? new Bonding(shared) : undefined
    const parts = { ...shared, codec, control, bonding, inspector: new PacketInspector(options.pool.arena) }
    this.#bonding = bonding
    this.#drops = drops
    this.#writer = writer
    this.#control = control
    this.#outbound = new Outbound(parts)
    this.#inbound = new Inbound({
      ...parts,
      onOpened: () => this.#syncEpoch(),
      onHeard: (nowMs) => {
        if (options.role === 'server' && this.#heardMs === -Infinity) this.#confirm(nowMs)
        this.#heardMs = nowMs
      },
      join: (pathId, source, peer) => this.#join(pathId, source, peer),
      follow: (path, arrival) => this.#follow(path, arrival),
    })
    this.#sealer = new Sealer(parts)
    this.#pieceDrops = new PieceDrops(options.fragmenter, drops)
    this.#roaming = new Roaming({
      randomBytes: options.randomBytes,
      challenge: (path, link, token) => this.#sealer.sendChallenge(path, link, token),
      attach: (path, link) => this.attach(path, link),
    })
  }

  #createControl(codec: FrameCodec, writer: FrameWriter): ControlChannel {
    return new ControlChannel({
      pool: this.#options.pool,
      codec,
      writer,
      tellWeights: this.#options.role === 'client',
      onReply: (path, nonce, nowMs) => {
        path.prober.handleReply(nonce, nowMs)
        this.#bonding?.handleReply(path)
      },
      onReport: (...report) => this.#bonding?.feedback.handleReport(...report) ?? DecodeError.none,
      onWeight: (path, weight) => {
        path.weight = weight
        this.#options.scheduler.setWeight(path, weight)
      },
      onClose: this.#options.onPeerClose,
      // Which paths there are is the client's to say.
      onPathClose: (path) => {
        if (this.#options.role === 'server') this.#dropPath(path, 'closed by the client')
      },
      onPathResponse: (path, token) => this.#roaming.handleResponse(path, token),
    })
  }

  /** Both sides know each other's index: paths may be probed and carry data. */
  get established(): boolean {
    return this.#remoteIndex !== 0
  }

  /** The peer's index; 0 until it has told us. */
  get remoteIndex(): number {
    return this.#remoteIndex
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
    this.#updateProbers(nowMs)
    if (this.#bonding !== undefined) this.#options.onTouched()
  }

  /** Takes frames from a link and empties the batch. */
  receive(frames: PacketBatch, source: FrameSource, nowMs: number): void {
    this.#writer.setTime(nowMs)
    this.#inbound.receive(frames, source, nowMs)
    this.#updateProbers(nowMs)
    if (!this.#closed) this.#options.onTouched()
  }

  /** The peer answered, so it hears us: every path with a link is asked at once. */
  establish({ remoteIndex, keys }: Welcome): void {
    const nowMs = this.#options.nowMs()
    // A server that started anew may draw the index it had before.
    const isNew = keys?.fresh ?? remoteIndex !== this.#remoteIndex
    if (keys !== undefined) this.guard.install(keys, nowMs)
    if (isNew) this.#beginAnew(remoteIndex)
    this.#syncEpoch()
    for (const path of this.paths.list) if (path.link !== undefined) this.#probe(path)
    this.#options.onTouched()
  }

  /** The peer said that it goes: no path leads to it, whatever their probers thought. */
  handlePeerGone(): void {
    const nowMs = this.#options.nowMs()
    for (const path of this.paths.list) path.prober.handleUnreachable(nowMs)
    this.#updateProbers(nowMs)
  }

  /** Makes a path known; it carries nothing before it has a link and its probes are answered. */
  addPath(identity: PathIdentity): TunnelPath {
    const { scratch, proberOptions } = this.#options
    const path = new TunnelPath(identity, this, new Prober(proberOptions), scratch.out)
    this.paths.append(path, { suspended: true, reason: 'new' })
    return path
  }

  /** Gives a path its carrier, in place of the one it had. */
  attach(path: TunnelPath, link: Link): void {
    const old = path.link
    const isNews = path.isReportedUnlinked || old?.remoteAddress !== link.remoteAddress
    path.link = link
    this.#options.owners.set(link, this)
    path.blocked = false
    path.isReportedUnlinked = false
    old?.close()
    if (this.established) this.#probe(path)
    this.#handlePathChange()
    if (!isNews) return
    const { remoteAddress: remote } = link
    const atMs = this.#options.nowMs()
    this.#options.onEvent({ type: 'path-linked', atMs, peer: this.peer, path: path.name, remote })
  }

  /** A path has no link, or none that works. Said once, whoever notices first. */
  reportNoLink(path: TunnelPath, reason: string): void {
    if (path.isReportedUnlinked) return
    path.isReportedUnlinked = true
    const atMs = this.#options.nowMs()
    this.#options.onEvent({ type: 'path-unlinked', atMs, peer: this.peer, path: path.name, reason })
  }

  /** Sends a handshake frame over `path`; `write` fills it in and says how long it is. */
  sendHandshake(path: TunnelPath, write: (into: Uint8Array) => number): void {
    this.#sealer.sendHandshake(path, write)
  }

  handleWritable(link: Link): void {
    const path = this.#pathOf(link)
    if (path === undefined) return
    path.blocked = false
    path.flush()
    refreshGate(this.paths)
    this.#bonding?.handleWritable()
    this.#options.onTouched()
  }

  /** The system does not send over `link` now. @returns the path it carries. */
  handleUnreachable(link: Link): TunnelPath | undefined {
    const path = this.#pathOf(link)
    if (path !== undefined) {
      const nowMs = this.#options.nowMs()
      path.prober.handleUnreachable(nowMs)
      this.#options.probers.update(path, nowMs)
    }
    return path
  }

  /** The carrier of a path is gone: the path waits for another one. */
  handleLinkClose(link: Link, reason: string): void {
    const path = this.#pathOf(link)
    if (path === undefined) return
    const nowMs = this.#options.nowMs()
    path.link = undefined
    path.source = undefined
    path.blocked = false
    this.#empty(path)
    path.prober.handleUnreachable(nowMs)
    this.#options.probers.update(path, nowMs)
    this.#handlePathChange()
    // A full link was no choice before: nobody else would notice what waits for it.
    this.#bonding?.pump.rebind(path)
    this.#options.onTouched()
    this.reportNoLink(path, reason)
  }

  sendProbe(path: TunnelPath, probe: Probe): void {
    if (!this.established) return
    this.#writer.setTime(this.#options.nowMs())
    this.#control.sendProbe(path, probe.nonce)
  }

  handleProberEvent(path: TunnelPath, event: ProberEvent): void {
    this.#handlePathChange()
    const { from, to, atMs, reason } = event
    this.#options.onEvent({ type: 'path-state', atMs, peer: this.peer, path: path.name, from, to, reason })
  }

  pollTimeout(): number {
    const { fragmenter, guard } = this
    return Math.min(fragmenter.pollTimeout(), guard.pollTimeout(), this.#bonding?.pollTimeout() ?? Infinity)
  }

  handleTimeout(nowMs: number): void {
    this.fragmenter.handleTimeout(nowMs)
    this.guard.handleTimeout(nowMs)
    this.#bonding?.handleTimeout(nowMs)
  }

  stats(): SessionStats {
    this.#pieceDrops.count()
    const ageMs = this.#options.nowMs() - this.#confirmedMs
    return sessionStats(this, { ageMs, bonding: this.#bonding, drops: this.#drops })
  }

  seal(path: TunnelPath): void {
    this.#sealer.seal(path)
  }

  /** Stops using a path and tells the peer. */
  closePath(path: TunnelPath): void {
    if (path.link !== undefined && this.established) this.#control.sendPathClose(path)
    this.#dropPath(path, 'closed')
  }

  /** Ends the session and lets go of all it holds; `tellPeer` on every path that it ends. */
  close(tellPeer: boolean): void {
    this.#closed = true
    this.#bonding?.close()
    for (const path of this.paths.list) {
      if (tellPeer && this.established) this.#control.sendClose(path, 0)
      this.#dropPath(path, 'session closed')
    }
    this.fragmenter.close()
    this.guard.close()
    this.#pieceDrops.count()
  }

  #dropPath(path: TunnelPath, reason: string): void {
    this.#empty(path)
    this.#roaming.forget(path)
    this.#options.probers.remove(path)
    const { link } = path
    path.link = undefined
    link?.close()
    if (this.paths.remove(path.id, reason) && this.#options.role === 'server') this.#ids.release(path.id)
  }

  #empty(path: TunnelPath): void {
    if (path.waiting > 0) this.#drops.dropAll(path.out, 'path-closed')
    path.sealed = 0
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
  #syncEpoch(): void {
    const { sendEpoch } = this.guard
    if (sendEpoch === this.#epoch) return
    this.#epoch = sendEpoch
    this.#writer.setEpoch(sendEpoch)
    this.#ids.handleRekey()
  }

  /** Has a path probed now. A new carrier or a word from the peer is as good as a sign of life from a lost path. */
  #probe(path: TunnelPath): void {
    const nowMs = this.#options.nowMs()
    const { probers } = this.#options
    path.prober.start(nowMs)
    path.prober.handleAlive(nowMs)
    if (!probers.update(path, nowMs)) probers.add(path, path.prober, nowMs)
  }

  /** Traffic and replies changed when probers want to be woken; once per batch is often enough. */
  #updateProbers(nowMs: number): void {
    for (const path of this.paths.list) this.#options.probers.update(path, nowMs)
  }

  #handlePathChange(): void {
    refreshGate(this.paths)
    if (!this.#closed) this.#options.onTouched()
    this.#options.onPathChange()
  }

  #pathOf(link: Link): TunnelPath | undefined {
    for (const path of this.paths.list) if (path.link === link) return path
    return undefined
  }

  #join(pathId: number, source: FrameSource, peer: number): TunnelPath | undefined {
    if (this.#options.role === 'client' || this.#closed) return undefined
    // The link first: an id that was taken once is burnt, also when nothing came of it.
    const link = source.link(peer)
    if (link === undefined) return undefined
    if (!this.#ids.claim(pathId)) {
      link.close()
      return undefined
    }
    const path = this.addPath({ id: pathId, name: `path ${pathId}`, weight: 1 })
    path.source = source
    path.peer = peer
    this.attach(path, link)
    return path
  }

  /** A client's own link says where its server is; a server goes where its client went. */
  #follow(path: TunnelPath, arrival: Arrival): void {
    if (this.#options.role === 'server') return this.#roaming.handleMove(path, arrival)
    path.source = arrival.source
    path.peer = arrival.peer
  }
}
