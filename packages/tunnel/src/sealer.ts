import type { Link, PacketBatch, PacketPool } from '@mp/interface'
import type { SealedPlaces } from './bonding/sealed-places.ts'
import type { ControlChannel } from './control-channel.ts'
import type { DropCounter } from './drop-counter.ts'
import type { FrameGuard } from './frame-guard.ts'
import type { FrameWriter } from './frame-writer.ts'
import { HANDSHAKE_ROOM_BYTES } from './greeter.ts'
import type { TunnelPath } from './path.ts'
import type { Scratch } from './scratch.ts'

export interface SealerParts {
  readonly pool: PacketPool
  readonly scratch: Scratch
  readonly guard: FrameGuard
  readonly control: ControlChannel
  readonly writer: FrameWriter
  readonly drops: DropCounter
  readonly places: SealedPlaces
}

/** The last step before a link: seals what a path has written, and sends the few frames that go past its batch. */
export class Sealer {
  readonly #parts: SealerParts
  readonly #run = { from: 0, to: 0, pathId: 0, firstCounter: 0 }
  readonly #single: PacketBatch

  constructor(parts: SealerParts) {
    this.#parts = parts
    this.#single = parts.scratch.single
  }

  /** Seals the rows of `frames` from `from` on, which `path` has written last. Without a key they are dropped. */
  seal(path: TunnelPath, frames: PacketBatch, from: number): void {
    this.#seal(path, frames, from)
    if (path.sender !== undefined) this.#parts.places.note(frames, from)
  }

  /** Sends a handshake frame over `path`, which is not sealed; `write` fills it in and says how long it is. */
  sendHandshake(path: TunnelPath, write: (into: Uint8Array) => number): void {
    const { pool } = this.#parts
    if (path.link === undefined) return
    const slot = pool.acquire()
    if (slot < 0) return this.#parts.drops.count('pool-empty')
    const offset = pool.offsetOf(slot)
    const lengthBytes = write(pool.arena.subarray(offset, offset + HANDSHAKE_ROOM_BYTES))
    if (lengthBytes === 0) return pool.release(slot)
    this.#single.push(slot, offset, lengthBytes)
    this.#send(path, path.link)
  }

  /** Sends a challenge in the name of `path` over a link that is not its own yet. @returns bytes sent. */
  sendChallenge(path: TunnelPath, link: Link, token: Uint8Array): number {
    this.#parts.control.writeChallenge(path, token, this.#single)
    this.#seal(path, this.#single, 0)
    return this.#send(path, link)
  }

  /** Says over the link of another path that `path` leads nowhere. */
  sendDown(path: TunnelPath, link: Link): void {
    this.#parts.control.writeDown(path, this.#single)
    this.#seal(path, this.#single, 0)
    this.#send(path, link)
  }

  /** The rows from `from` on were written last, so that the counter of the path stands behind theirs. */
  #seal(path: TunnelPath, frames: PacketBatch, from: number): void {
    const run = this.#run
    run.from = from
    run.to = frames.count
    run.pathId = path.id
    run.firstCounter = path.txCounter - (frames.count - from)
    path.sender?.handleFrames(frames, run, this.#parts.writer.nowMs)
    if (this.#parts.guard.seal(frames, run)) return
    this.#parts.places.forget(frames, from)
    for (let row = from; row < frames.count; row++) this.#parts.drops.drop(frames.slot[row]!, 'no-key')
    frames.count = from
  }

  /** @returns bytes sent. */
  #send(path: TunnelPath, link: Link): number {
    const lengthBytes = this.#single.count === 0 ? 0 : this.#single.length[0]!
    const taken = link.send(this.#single)
    this.#parts.drops.dropAll(this.#single, 'link-full')
    path.counters.txFrames += taken
    path.counters.txBytes += taken * lengthBytes
    return taken * lengthBytes
  }
}
