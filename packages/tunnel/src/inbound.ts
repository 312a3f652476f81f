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
import type { FrameGuard } from './frame-guard.ts'
import type { PacketInspector } from './packet-inspector.ts'
import type { TunnelPath } from './path.ts'
import type { Arrival } from './roaming.ts'
import type { Scratch } from './scratch.ts'

export interface InboundParts {
  readonly pool: PacketPool
  readonly scratch: Scratch
  readonly codec: FrameCodec
  readonly guard: FrameGuard
  readonly paths: PathManager<TunnelPath>
  readonly fragmenter: Fragmenter
  readonly inspector: PacketInspector
  readonly control: ControlChannel
  readonly drops: DropCounter
  /** Our index for the session: the peer puts it into every frame. */
  readonly localIndex: number
  /** The guard opened frames: its epoch may have changed. */
  readonly onOpened: () => void
  /** An authentic frame came. */
  readonly onHeard: (nowMs: number) => void
  /** A frame came on a path that is not known: make it, or refuse with undefined. */
  readonly join: (pathId: number, source: FrameSource, peer: number) => TunnelPath | undefined
  /** The newest frame of a path came from elsewhere than the ones before. */
  readonly follow: (path: TunnelPath, arrival: Arrival) => void
  /** Takes a `welcome` or `cookie`. @returns why it is dropped, or undefined when it was of use; its slot stays ours. */
  readonly onHandshake: (frame: Uint8Array) => string | undefined
  /** Takes inner packets and empties the batch. */
  readonly deliver: (packets: PacketBatch) => void
}

/**
 * The way in. First each frame's clear header says whether it can be one of ours; what can is opened, all in one
 * call; and only what is authentic is noted on its path, stripped and acted upon.
 */
export class Inbound {
  readonly #parts: InboundParts
  readonly #header = new FrameHeader()
  readonly #frames: PacketBatch
  readonly #counters: Float64Array
  readonly #packets: PacketBatch

  constructor(parts: InboundParts) {
    this.#parts = parts
    this.#frames = parts.scratch.frames
    this.#counters = parts.scratch.counters
    this.#packets = parts.scratch.packets
  }

  /** Takes all frames of `batch` and empties it. */
  receive(batch: PacketBatch, source: FrameSource, nowMs: number): void {
    for (let row = 0; row < batch.count; row++) {
      const fault = this.#admit(batch, row)
      if (fault !== undefined) this.#parts.drops.drop(batch.slot[row]!, fault)
      if (this.#frames.count === this.#frames.capacity) this.#open(source, nowMs)
    }
    batch.count = 0
    if (this.#frames.count > 0) this.#open(source, nowMs)
    if (this.#packets.count > 0) this.#parts.deliver(this.#packets)
  }

  /** Looks at what anybody could have written. @returns why the frame is dropped. */
  #admit(batch: PacketBatch, row: number): string | undefined {
    const header = this.#header
    const { codec, paths, localIndex } = this.#parts
    const code = codec.readClear(batch.offset[row]!, batch.length[row]!, header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    if (header.receiver !== localIndex) return 'unknown-session'
    if (header.type < FrameType.data) return this.#takeHandshake(batch, row)
    const window = paths.get(header.pathId)?.window
    const counter = expandCounter(header.counter24, window?.highest ?? -1)
    if (window?.check(counter) === false) return 'replayed'
    this.#counters[this.#frames.count] = counter
    batch.path[row] = header.pathId
    batch.flags[row] = header.epoch
    batch.copyRow(row, this.#frames)
    return undefined
  }

  #takeHandshake(batch: PacketBatch, row: number): string | undefined {
    const offset = batch.offset[row]!
    const { pool, onHandshake } = this.#parts
    const fault = onHandshake(pool.arena.subarray(offset, offset + batch.length[row]!))
    if (fault === undefined) pool.release(batch.slot[row]!)
    return fault
  }

  #open(source: FrameSource, nowMs: number): void {
    const frames = this.#frames
    this.#parts.guard.open(frames, this.#counters, nowMs)
    this.#parts.onOpened()
    for (let row = 0; row < frames.count; row++) {
      const fault = frames.length[row] === 0 ? 'forged' : this.#receiveFrame(row, source, nowMs)
      if (fault !== undefined) this.#parts.drops.drop(frames.slot[row]!, fault)
      if (this.#packets.count === this.#packets.capacity) this.#parts.deliver(this.#packets)
    }
    frames.count = 0
  }

  /** Takes an authentic frame. @returns why it is dropped, or undefined when its slot is used up. */
  #receiveFrame(row: number, source: FrameSource, nowMs: number): string | undefined {
    const frames = this.#frames
    const header = this.#header
    const code = this.#parts.codec.readFrame(frames.offset[row]!, frames.length[row]!, header)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    const path =
      this.#parts.paths.get(header.pathId) ?? this.#parts.join(header.pathId, source, frames.peer[row]!)
    if (path === undefined) return 'unknown-path'
    if (!this.#note(path, row, { source, nowMs })) return 'replayed'
    this.#parts.onHeard(nowMs)
    frames.offset[row]! += HEADER_BYTES
    frames.length[row]! -= HEADER_BYTES
    if (header.type === FrameType.control) return this.#parts.control.receive(frames, row, { path, nowMs })
    path.prober.handleAlive(nowMs)
    frames.flags[row] = header.flags
    return this.#receiveData(row, nowMs)
  }

  #receiveData(row: number, nowMs: number): string | undefined {
    if ((this.#header.flags & FLAG_FRAGMENT) === 0) return this.#accept(row)
    const before = this.#packets.count
    this.#parts.fragmenter.join(this.#frames, row, this.#packets, nowMs)
    if (this.#packets.count === before) return undefined
    const fault = this.#parts.inspector.inspect(this.#packets, before)
    if (fault === undefined) return undefined
    this.#packets.count = before
    this.#parts.drops.drop(this.#packets.slot[before]!, fault)
    return undefined
  }

  #accept(row: number): string | undefined {
    const fault = this.#parts.inspector.inspect(this.#frames, row)
    if (fault === undefined) this.#frames.copyRow(row, this.#packets)
    return fault
  }

  /**
   * Books a frame on its path; false when it was there before. Only the newest frame may move a path: one that was
   * overtaken tells of an address that is already left.
   */
  #note(
    path: TunnelPath,
    row: number,
    { source, nowMs }: { readonly source: FrameSource; readonly nowMs: number },
  ): boolean {
    const counter = this.#counters[row]!
    const isNewest = counter > path.window.highest
    if (!path.window.commit(counter)) return false
    path.counters.rxFrames++
    const frameBytes = this.#frames.length[row]!
    path.counters.rxBytes += frameBytes
    const peer = this.#frames.peer[row]!
    if (isNewest && (path.source !== source || path.peer !== peer)) {
      this.#parts.follow(path, { source, peer, frameBytes, nowMs })
    }
    return true
  }
}
