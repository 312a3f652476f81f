import type { Fragmenter, PacketBatch, PickRequest, Scheduler } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import {
  CLASS_MASK,
  ECN_MASK,
  FLAG_FRAGMENT,
  FRAGMENT_HEADER_BYTES,
  MAX_FRAGMENTS,
  MAX_OVERHEAD_BYTES,
} from '@mp/wire'
import type { Bonding } from './bonding/bonding.ts'
import type { DropCounter } from './drop-counter.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { PacketInspector } from './packet-inspector.ts'
import { refreshGate } from './path-gate.ts'
import type { TunnelPath } from './path.ts'
import type { Scratch } from './scratch.ts'
import type { TooBig } from './too-big.ts'

export interface OutboundParts {
  readonly scratch: Scratch
  readonly scheduler: Scheduler<TunnelPath>
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly inspector: PacketInspector
  readonly writer: FrameWriter
  readonly drops: DropCounter
  readonly tooBig: TooBig
  /** Undefined: packets leave at once, shared among paths by weight. */
  readonly bonding: Bonding | undefined
}

/**
 * The way out: each packet is checked, gets a path from the scheduler and a frame header in its headroom, and joins
 * that path's batch; at the end every path with frames makes one call to its link.
 */
export class Outbound {
  readonly #parts: OutboundParts
  readonly #pieces: PacketBatch
  readonly #request: PickRequest = { lengthBytes: 0, nowMs: 0, trafficClass: 0, flow: 0 }

  constructor(parts: OutboundParts) {
    this.#parts = parts
    this.#pieces = parts.scratch.pieces
  }

  /** Takes all packets of `batch` and empties it. */
  send(batch: PacketBatch, nowMs: number): void {
    const { bonding, writer } = this.#parts
    this.#request.nowMs = nowMs
    const largestBytes = this.#sift(batch)
    // Where paths are shared by what they carry, packets wait until one carries them.
    if (bonding?.isShared === true) return bonding.pump.send(batch, nowMs)
    writer.setTime(nowMs)
    const sole = bonding === undefined ? undefined : this.#solePath()
    if (sole !== undefined && takesAll(sole, largestBytes)) return this.#sendAll(batch, sole, nowMs)
    for (let row = 0; row < batch.count; row++) this.#sendPacket(batch, row, sole)
    batch.count = 0
    this.#flush(nowMs)
  }

  /** Looks at all packets: those that cannot go out are used up, the others move up. @returns the length of the largest, bytes. */
  #sift(batch: PacketBatch): number {
    const { limitBytes } = this.#parts.tooBig
    let largestBytes = 0
    let kept = 0
    for (let row = 0; row < batch.count; row++) {
      if (!this.#isFit(batch, row, limitBytes)) continue
      if (batch.length[row]! > largestBytes) largestBytes = batch.length[row]!
      if (kept++ !== row) batch.moveRow(row, kept - 1)
    }
    batch.count = kept
    return largestBytes
  }

  /** Looks at the packet in `row`; one that cannot go out is used up. */
  #isFit(batch: PacketBatch, row: number, limitBytes: number): boolean {
    const { inspector, drops, tooBig } = this.#parts
    const fault = inspector.inspect(batch, row)
    if (fault !== undefined) drops.drop(batch.slot[row]!, fault)
    else return batch.length[row]! <= limitBytes || !tooBig.refuse(batch, row, this.#request.nowMs)
    return false
  }

  /** All packets take the only path, whole: they leave from the rows they came in. */
  #sendAll(batch: PacketBatch, path: TunnelPath, nowMs: number): void {
    const { writer, drops, paths } = this.#parts
    if (batch.count === 0) return
    writer.numberRun(batch, 0, batch.count)
    writer.writeRun(batch, 0, path)
    path.handleActivity(nowMs)
    if (path.sendAll(batch)) return
    path.keep(batch)
    drops.dropAll(batch, 'link-full')
    refreshGate(paths)
  }

  #sendPacket(batch: PacketBatch, row: number, sole: TunnelPath | undefined): void {
    const { drops } = this.#parts
    const path = this.#choose(batch, row, sole)
    if (path === undefined) return drops.drop(batch.slot[row]!, this.#whyNoPath())
    const { maxFrameBytes } = path
    this.#parts.writer.number(batch, row)
    if (batch.length[row]! + MAX_OVERHEAD_BYTES <= maxFrameBytes) this.#sendFrame(batch, row, path)
    else this.#sendPieces(batch, row, path)
  }

  #choose(batch: PacketBatch, row: number, sole: TunnelPath | undefined): TunnelPath | undefined {
    const { scheduler, bonding } = this.#parts
    if (bonding === undefined) return scheduler.peek(this.#requestFor(batch, row))
    return sole?.blocked === true ? undefined : sole
  }

  /** One path is nothing to choose from: it takes what its link takes. */
  #solePath(): TunnelPath | undefined {
    const { paths } = this.#parts
    const [path] = paths.list
    return path !== undefined && paths.state(path.id) === 'active' ? path : undefined
  }

  #requestFor({ length, flags, flow }: PacketBatch, row: number): PickRequest {
    const request = this.#request
    request.lengthBytes = length[row]!
    request.trafficClass = flags[row]! & CLASS_MASK
    request.flow = flow[row]!
    return request
  }

  #sendFrame(batch: PacketBatch, row: number, path: TunnelPath): void {
    const { writer, scheduler, drops, bonding } = this.#parts
    writer.writeData(batch, row, path)
    if (bonding === undefined) scheduler.charge(path, batch.length[row]!)
    if (!batch.copyRow(row, path.out)) return drops.drop(batch.slot[row]!, 'link-full')
    if (path.out.count === path.out.capacity) this.#flushPath(path)
  }

  /** A packet larger than the path carries goes out in pieces, all on this path. */
  #sendPieces(batch: PacketBatch, row: number, path: TunnelPath): void {
    const { fragmenter, drops } = this.#parts
    const pieces = this.#pieces
    const pieceBytes = path.maxFrameBytes - MAX_OVERHEAD_BYTES
    const fits = batch.length[row]! <= MAX_FRAGMENTS * (pieceBytes - FRAGMENT_HEADER_BYTES)
    if (!fits) return drops.drop(batch.slot[row]!, 'too-big')
    if (!fragmenter.split(batch, row, pieceBytes, pieces)) return drops.drop(batch.slot[row]!, 'pool-empty')
    for (let piece = 0; piece < pieces.count; piece++) {
      pieces.flags[piece] = (pieces.flags[piece]! & ~ECN_MASK) | FLAG_FRAGMENT
      this.#sendFrame(pieces, piece, path)
    }
    pieces.count = 0
  }

  #flush(nowMs: number): void {
    for (const path of this.#parts.paths.list) {
      if (path.waiting === 0) continue
      if (!path.blocked) path.handleActivity(nowMs)
      // Full or not: what was written has to be sealed before anything else takes a counter or the keys change.
      this.#flushPath(path)
    }
  }

  /** A link that stays full leaves the choice until it is writable again. */
  #flushPath(path: TunnelPath): void {
    path.flush()
    if (path.blocked) refreshGate(this.#parts.paths)
  }

  #whyNoPath(): string {
    for (const path of this.#parts.paths.list) if (path.blocked) return 'link-full'
    return 'no-path'
  }
}

/** Nothing waits for `path`, and it takes packets of up to `bytes` whole. */
function takesAll(path: TunnelPath, bytes: number): boolean {
  return !path.blocked && path.waiting === 0 && bytes + MAX_OVERHEAD_BYTES <= path.maxFrameBytes
}
