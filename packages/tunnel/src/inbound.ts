import type { Fragmenter, FrameSource, PacketBatch } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import {
  CLASS_MASK,
  ControlKind,
  DECODE_ERROR_NAMES,
  DecodeError,
  FLAG_FRAGMENT,
  FrameHeader,
  FrameType,
  HEADER_BYTES,
  TrafficClass,
  expandCounter,
  isMarked,
  markCongestion,
} from '@mp/wire'
import type { ReceivedFrame } from '@mp/rate-control'
import { ReplayWindow } from '@mp/secure-channel'
import { Admission, TAKEN } from './admission.ts'
import type { AdmissionParts } from './admission.ts'
import type { Bonding } from './bonding/bonding.ts'
import type { ControlChannel } from './control-channel.ts'
import type { FrameGuard } from './frame-guard.ts'
import type { PacketInspector } from './packet-inspector.ts'
import type { TunnelPath } from './path.ts'
import { RecentPath } from './recent-path.ts'
import type { SessionTrace } from './trace.ts'
import type { Arrival } from './roaming.ts'
import type { MutableArrivals, Scratch } from './scratch.ts'

export interface InboundParts extends Omit<AdmissionParts, 'recent'> {
  readonly scratch: Scratch
  readonly guard: FrameGuard
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly inspector: PacketInspector
  readonly control: ControlChannel
  readonly trace: SessionTrace
  /** The guard opened frames: its epoch may have changed. */
  readonly onOpened: () => void
  /** An authentic frame came. */
  readonly onHeard: (nowMs: number) => void
  /** A frame came on a path that is not known: make it, or refuse with undefined. */
  readonly join: (pathId: number, source: FrameSource, peer: number) => TunnelPath | undefined
  /** The newest frame of a path came from elsewhere than the ones before. */
  readonly follow: (path: TunnelPath, arrival: Arrival) => void
  /** Takes inner packets and empties the batch. */
  readonly deliver: (packets: PacketBatch) => void
  /** Undefined: packets are delivered as they come. */
  readonly bonding: Bonding | undefined
}

/** Where and when frames came in. */
export interface Origin {
  readonly source: FrameSource
  readonly nowMs: number
}

/**
 * The way in. First each frame's clear header says whether it can be one of ours ({@link Admission}); what can is opened,
 * all in one call; and only what is authentic is noted on its path, stripped and acted upon. All of it happens in the rows
 * of the batch that came.
 */
export class Inbound {
  readonly #parts: InboundParts
  readonly #header = new FrameHeader()
  /** Packets that were joined from pieces. */
  readonly #joined: PacketBatch
  /** Packets that go on before all others of their batch. */
  readonly #urgent: PacketBatch
  readonly #admission: Admission
  /** Nothing is kept from one batch to the next: paths come and go in between. */
  readonly #recent: RecentPath
  /** The path whose prober knows already that it lives. */
  #alive: TunnelPath | undefined
  /**
   * Time of the batch. Undefined at first, so that it stays the object it came as: from a field of numbers alone each use
   * as an argument would make a new one.
   */
  #nowMs: number | undefined
  /** Frames in a row, not booked yet: of one path, with one counter after the other, sent at one time, all marked or none. */
  readonly #train = {
    counter: 0,
    frames: 0,
    bytes: 0,
    sendTime: 0,
    duplicate: false,
    isReport: false,
    isMarked: false,
  }
  /** Their path; undefined when there are none. */
  #trainPath: TunnelPath | undefined
  /** The peer is told of them. */
  #isReporting = false
  readonly #copy: ReceivedFrame = { counter: 0, bytes: 0, sendTime: 0, duplicate: true, isReport: false }
  /** Highest number of an inner packet so far; -1 before the first. */
  #sequence = -1
  /** Which numbers of urgent packets that took several paths came. Made with the first. */
  #copied: ReplayWindow | undefined
  #arrivals: MutableArrivals | undefined
  /** Whole counter of each row. */
  #counters: Float64Array = new Float64Array(0)

  constructor(parts: InboundParts) {
    this.#parts = parts
    this.#recent = new RecentPath(parts.paths)
    this.#admission = new Admission({ ...parts, recent: this.#recent })
    this.#joined = parts.scratch.joined
    this.#urgent = parts.scratch.urgent
  }

  /** Takes all frames of `batch` and empties it. The rows that go on are moved up over those that do not. */
  receive(batch: PacketBatch, source: FrameSource, nowMs: number): void {
    const { guard, deliver, scratch, bonding } = this.#parts
    this.#counters = scratch.countersFor(batch.capacity)
    this.#arrivals = bonding === undefined ? undefined : scratch.arrivalsFor(batch.capacity)
    this.#recent.forget()
    this.#nowMs = nowMs
    this.#admission.admitAll(batch, this.#counters)
    if (batch.count === 0) return
    guard.open(batch, this.#counters, nowMs)
    this.#parts.onOpened()
    this.#takeAll(batch, { source, nowMs })
    if (batch.count === 0) return
    if (bonding === undefined) deliver(batch)
    else bonding.resequence(batch, this.#arrivals!)
  }

  #takeAll(batch: PacketBatch, origin: Origin): void {
    let kept = 0
    this.#alive = undefined
    if (this.#arrivals !== undefined) this.#arrivals.nowMs = origin.nowMs
    for (let row = 0; row < batch.count; row++) {
      const fault = batch.length[row] === 0 ? 'forged' : this.#takeFrame(batch, row, origin)
      if (fault === undefined) {
        if (this.#arrivals !== undefined && this.#isUrgent()) {
          this.#hurry(batch, row)
          continue
        }
        if (kept !== row) batch.moveRow(row, kept)
        if (this.#arrivals !== undefined) this.#noteOrder(this.#arrivals, kept)
        kept++
      } else if (fault !== TAKEN) {
        this.#refuse(batch, row, origin, fault)
      }
    }
    batch.count = kept
    this.#endTrain()
    if (this.#urgent.count > 0) this.#parts.deliver(this.#urgent)
  }

  /** The peer is told of copies, but not of a repair and its original: these are no fault of the path. */
  #refuse(batch: PacketBatch, row: number, { source }: Origin, fault: string): void {
    const path = fault === 'replayed' && this.#isReporting ? this.#recent.of(batch.path[row]!) : undefined
    if (path !== undefined && isAtHome(path, source, batch.peer[row]!)) {
      this.#copy.counter = this.#counters[row]!
      this.#copy.isReport = this.#isReport(batch, row)
      this.#parts.bonding!.feedback.handleFrame(path, this.#copy, this.#nowMs!)
    }
    this.#parts.drops.drop(batch.slot[row]!, fault)
  }

  #isUrgent(): boolean {
    return (this.#header.flags & CLASS_MASK) === TrafficClass.critical
  }

  /** Urgent packets have no place in the order: they wait for nothing. */
  #hurry(batch: PacketBatch, row: number): void {
    if (this.#header.sequence > 0 && !this.#isFirst(this.#header.sequence))
      return this.#parts.drops.drop(batch.slot[row]!, 'duplicate')
    batch.copyRow(row, this.#urgent)
    if (this.#urgent.count === this.#urgent.capacity) this.#parts.deliver(this.#urgent)
  }

  /** Whether none of the copies of an urgent packet with the number `low24` came before. */
  #isFirst(low24: number): boolean {
    const window = (this.#copied ??= new ReplayWindow())
    return window.commit(expandCounter(low24, window.highest))
  }

  /** Notes where in the order of the session the packet in `row` belongs, whose header was read last. */
  #noteOrder({ sequences, flowDistances }: MutableArrivals, row: number): void {
    const sequence = expandCounter(this.#header.sequence, this.#sequence)
    if (sequence > this.#sequence) this.#sequence = sequence
    sequences[row] = sequence
    flowDistances[row] = this.#header.flowSequence
  }

  /** The peer numbers its packets anew. */
  beginAnew(): void {
    this.#sequence = -1
    this.#copied = undefined
  }

  /** Takes an authentic frame. @returns undefined when the row is an inner packet now, else why it is dropped. */
  #takeFrame(batch: PacketBatch, row: number, origin: Origin): string | undefined {
    if (this.#coupleNext(batch, row, origin)) return this.#unwrap(batch, row, this.#trainPath!)
    const header = this.#header
    const { codec, join, control } = this.#parts
    header.type = batch.sequence[row]!
    const code = codec.readInner(batch.offset[row]!, batch.length[row]!, header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    const pathId = batch.path[row]!
    const path = this.#recent.of(pathId) ?? join(pathId, origin.source, batch.peer[row]!)
    if (path === undefined) return 'unknown-path'
    if (!this.#note(batch, row, path, origin)) return 'replayed'
    if (header.type === FrameType.data) {
      this.#noteAlive(path, origin)
      return this.#unwrap(batch, row, path)
    }
    strip(batch, row)
    this.#parts.onHeard(origin.nowMs)
    // It may end the path, or ask for reports.
    this.#recent.forget()
    this.#endTrain()
    const isDetour =
      !isAtHome(path, origin.source, batch.peer[row]!) && this.#isCarried(origin, batch.peer[row]!)
    return control.receive(batch, row, { path, isDetour, nowMs: origin.nowMs }) ?? TAKEN
  }

  /**
   * Books a data frame that follows the one before it in all: on its path and from where that is at home, in the numbering
   * of the session, sent at the same time. Most do. False when it does not, and then nothing is booked.
   */
  #coupleNext(batch: PacketBatch, row: number, { source }: Origin): boolean {
    const train = this.#train
    const path = this.#trainPath
    const counter = this.#counters[row]!
    if (path === undefined || counter !== train.counter + train.frames || batch.path[row] !== path.id)
      return false
    if (batch.sequence[row] !== FrameType.data || this.#header.type !== FrameType.data) return false
    if (isMarked(batch.flags[row]!) !== train.isMarked || !isAtHome(path, source, batch.peer[row]!))
      return false
    const frameBytes = batch.length[row]!
    if (!this.#parts.codec.isNextInner(batch.offset[row]!, frameBytes, this.#header)) return false
    if (!path.window.commit(counter)) return false
    train.frames++
    train.bytes += frameBytes
    return true
  }

  /** Takes the inner packet out of a data frame that was booked. @returns why it is dropped, if so. */
  #unwrap(batch: PacketBatch, row: number, path: TunnelPath): string | undefined {
    const { flags } = this.#header
    const { inspector, trace } = this.#parts
    const wasMarked = isMarked(batch.flags[row]!)
    strip(batch, row)
    batch.flags[row] = flags
    if ((flags & FLAG_FRAGMENT) !== 0 && !this.#join(batch, row)) return TAKEN
    const fault = inspector.inspect(batch, row)
    if (trace.isTapping && fault === undefined) trace.handlePacket(batch, row, { path, direction: 'in' })
    return wasMarked && fault === undefined ? this.#mark(batch, row) : fault
  }

  /** The mark of a datagram goes on the packet in it, or that is dropped as without a tunnel (RFC 6040, section 4.2). */
  #mark(batch: PacketBatch, row: number): string | undefined {
    return markCongestion(this.#parts.pool.arena, batch.offset[row]!) ? undefined : 'marked'
  }

  /** Puts a piece to its packet, which takes the place of the row once it is whole. False while it is not. */
  #join(batch: PacketBatch, row: number): boolean {
    const joined = this.#joined
    this.#parts.fragmenter.join(batch, row, joined, this.#nowMs!)
    if (joined.count === 0) return false
    batch.slot[row] = joined.slot[0]!
    batch.offset[row] = joined.offset[0]!
    batch.length[row] = joined.length[0]!
    batch.flags[row] = joined.flags[0]!
    joined.count = 0
    return true
  }

  /** Its prober is told once per batch, while one path follows itself. */
  #noteAlive(path: TunnelPath, { nowMs }: Origin): void {
    if (this.#alive === path) return
    this.#alive = path
    this.#parts.onHeard(nowMs)
    path.prober.handleAlive(nowMs)
  }

  /**
   * Books a frame on its path; false when it was there before. Only the newest frame may move a path: one that was
   * overtaken tells of an address that is already left.
   */
  #note(batch: PacketBatch, row: number, path: TunnelPath, origin: Origin): boolean {
    const counter = this.#counters[row]!
    const isNewest = counter > path.window.highest
    if (!path.window.commit(counter)) return false
    const frameBytes = batch.length[row]!
    const peer = batch.peer[row]!
    const { source, nowMs } = origin
    const isHome = isAtHome(path, source, peer)
    // A frame that another path brings was lost on its own and sent again: it tells nothing of its path.
    if (!isHome && this.#isCarried(origin, peer)) {
      count(path, 1, frameBytes)
      this.#parts.bonding?.feedback.handleRepair(path, counter)
      return true
    }
    if (isNewest && !isHome) this.#parts.follow(path, { source, peer, frameBytes, nowMs })
    this.#couple(batch, row, path)
    return true
  }

  /** Adds a frame to the train; what follows none of it begins the next one. A control frame is one of its own. */
  #couple(batch: PacketBatch, row: number, path: TunnelPath): void {
    const train = this.#train
    const { type, sendTime } = this.#header
    const counter = this.#counters[row]!
    const isNext = counter === train.counter + train.frames
    const isAlike = sendTime === train.sendTime && isMarked(batch.flags[row]!) === train.isMarked
    if (this.#trainPath !== path || !isNext || !isAlike || type === FrameType.control) {
      this.#endTrain()
      this.#trainPath = path
      this.#isReporting = this.#parts.bonding?.isReporting === true
      train.counter = counter
      train.sendTime = sendTime
      train.frames = train.bytes = 0
      train.isReport = this.#isReport(batch, row)
      train.isMarked = isMarked(batch.flags[row]!)
    }
    train.frames++
    train.bytes += batch.length[row]!
  }

  /** Books the train: sums and reports cost less per train than per frame. */
  #endTrain(): void {
    const path = this.#trainPath
    if (path === undefined) return
    this.#trainPath = undefined
    count(path, this.#train.frames, this.#train.bytes)
    if (this.#isReporting) this.#parts.bonding!.feedback.handleFrame(path, this.#train, this.#nowMs!)
  }

  #isReport(batch: PacketBatch, row: number): boolean {
    if (this.#header.type !== FrameType.control) return false
    return this.#parts.pool.arena[batch.offset[row]! + HEADER_BYTES] === ControlKind.report
  }

  /** Some path of the session is at home where the frame came from. */
  #isCarried({ source }: Origin, peer: number): boolean {
    return this.#parts.paths.list.some((path) => isAtHome(path, source, peer))
  }
}

/** Takes the frame header off the packet in `row`. */
function strip(batch: PacketBatch, row: number): void {
  batch.offset[row]! += HEADER_BYTES
  batch.length[row]! -= HEADER_BYTES
}

function isAtHome(path: TunnelPath, source: FrameSource, peer: number): boolean {
  return path.source === source && path.peer === peer
}

function count({ counters }: TunnelPath, frames: number, bytes: number): void {
  counters.rxFrames += frames
  counters.rxBytes += bytes
}
