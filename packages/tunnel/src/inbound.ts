import type { Fragmenter, FrameSource, PacketBatch, PacketPool } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import {
  DECODE_ERROR_NAMES,
  DecodeError,
  FLAG_FRAGMENT,
  FrameHeader,
  FrameType,
  HEADER_BYTES,
  expandCounter,
} from '@mp/wire'
import type { FrameCodec } from '@mp/wire'
import type { ControlChannel } from './control-channel.ts'
import type { DropCounter } from './drop-counter.ts'
import type { PacketInspector } from './packet-inspector.ts'
import type { TunnelPath } from './path.ts'

export interface InboundParts {
  readonly pool: PacketPool
  readonly codec: FrameCodec
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly inspector: PacketInspector
  readonly control: ControlChannel
  readonly drops: DropCounter
  /** Our index for the session: the peer puts it into every frame. */
  readonly localIndex: number
  /** Packets handed to `deliver` at once. */
  readonly batchSize: number
  /** A frame came on a path that is not known: make it, or refuse with undefined. */
  readonly join: (pathId: number, source: FrameSource, peer: number) => TunnelPath | undefined
  /** The newest frame of a path came from elsewhere than the ones before. */
  readonly follow: (path: TunnelPath, source: FrameSource, peer: number) => void
  /** Takes a `welcome`. @returns why it is dropped, or undefined when its slot is used up. */
  readonly onHandshake: (batch: PacketBatch, row: number) => string | undefined
  /** Takes inner packets and empties the batch. */
  readonly deliver: (packets: PacketBatch) => void
}

/** The way in: each frame is checked, noted on its path and stripped; packets go on to the TUN, control stays here. */
export class Inbound {
  readonly #parts: InboundParts
  readonly #header = new FrameHeader()
  readonly #packets: PacketBatch

  constructor(parts: InboundParts) {
    this.#parts = parts
    this.#packets = parts.pool.createBatch(parts.batchSize)
  }

  /** Takes all frames of `batch` and empties it. */
  receive(batch: PacketBatch, source: FrameSource, nowMs: number): void {
    for (let row = 0; row < batch.count; row++) {
      const fault = this.#receiveFrame(batch, row, source, nowMs)
      if (fault !== undefined) this.#parts.drops.drop(batch.slot[row]!, fault)
      if (this.#packets.count === this.#packets.capacity) this.#parts.deliver(this.#packets)
    }
    batch.count = 0
    if (this.#packets.count > 0) this.#parts.deliver(this.#packets)
  }

  /** @returns why the frame is dropped, or undefined when its slot is used up. */
  #receiveFrame(batch: PacketBatch, row: number, source: FrameSource, nowMs: number): string | undefined {
    const header = this.#header
    const code = this.#parts.codec.readFrame(batch.offset[row]!, batch.length[row]!, header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    if (header.receiver !== this.#parts.localIndex) return 'unknown-session'
    if (header.type < FrameType.data) return this.#parts.onHandshake(batch, row)
    const peer = batch.peer[row]!
    const path = this.#parts.paths.get(header.pathId) ?? this.#parts.join(header.pathId, source, peer)
    if (path === undefined) return 'unknown-path'
    this.#note(path, batch.length[row]!, source, peer)
    batch.path[row] = path.id
    batch.offset[row]! += HEADER_BYTES
    batch.length[row]! -= HEADER_BYTES
    if (header.type === FrameType.control) return this.#parts.control.receive(batch, row, path, nowMs)
    path.prober.handleAlive(nowMs)
    return this.#receiveData(batch, row, nowMs)
  }

  #receiveData(batch: PacketBatch, row: number, nowMs: number): string | undefined {
    if ((this.#header.flags & FLAG_FRAGMENT) === 0) return this.#accept(batch, row)
    const before = this.#packets.count
    this.#parts.fragmenter.join(batch, row, this.#packets, nowMs)
    if (this.#packets.count === before) return undefined
    const fault = this.#parts.inspector.inspect(this.#packets, before)
    if (fault === undefined) return undefined
    this.#packets.count = before
    this.#parts.drops.drop(this.#packets.slot[before]!, fault)
    return undefined
  }

  #accept(batch: PacketBatch, row: number): string | undefined {
    const fault = this.#parts.inspector.inspect(batch, row)
    if (fault === undefined) batch.copyRow(row, this.#packets)
    return fault
  }

  /** Only the newest frame may move a path: one that was overtaken tells of an address that is already left. */
  #note(path: TunnelPath, lengthBytes: number, source: FrameSource, peer: number): void {
    const { counters } = path
    counters.rxFrames++
    counters.rxBytes += lengthBytes
    const counter = expandCounter(this.#header.counter24, path.rxCounter)
    if (counter <= path.rxCounter) return
    path.rxCounter = counter
    if (path.source !== source || path.peer !== peer) this.#parts.follow(path, source, peer)
  }
}
