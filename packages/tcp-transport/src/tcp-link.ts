import type { Link, LinkStats, PacketBatch } from '@mp/interface'
import type { TcpConnection } from './connection.ts'
import { addDrops } from './drops.ts'

/** A handle on a connection. A connection may have several; it ends with the last one. */
export class TcpLink implements Link {
  readonly transport = 'tcp'
  closed = false
  /** Refused, and not told since that there is room again. */
  blocked = false
  readonly #connection: TcpConnection
  #txFrames = 0
  #txBytes = 0
  readonly #drops = { 'too-big': 0, empty: 0, closed: 0 }

  constructor(connection: TcpConnection) {
    this.#connection = connection
  }

  get localAddress(): string {
    return this.#connection.stream.localAddress
  }

  get remoteAddress(): string {
    return this.#connection.stream.remoteAddress
  }

  get maxFrameBytes(): number {
    return this.#connection.maxFrameBytes
  }

  send(batch: PacketBatch): number {
    if (this.closed) return this.#refuseAll(batch)
    const dropped = this.#dropUnsendable(batch)
    const offeredBytes = batch.sumOfLengths()
    const taken = this.#connection.stream.send(batch)
    this.#txFrames += taken
    this.#txBytes += offeredBytes - batch.sumOfLengths()
    if (batch.count > 0) this.blocked = true
    return taken + dropped
  }

  stats(): LinkStats {
    return {
      txFrames: this.#txFrames,
      txBytes: this.#txBytes,
      backlogBytes: this.#connection.stream.stats().backlogBytes,
      drops: addDrops({ ...this.#connection.ownDrops }, this.#drops),
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#connection.detach(this)
  }

  #refuseAll(batch: PacketBatch): number {
    const { count } = batch
    this.#drops.closed += count
    this.#connection.pool.releaseAll(batch)
    return count
  }

  /** Drops frames that no length in two bytes can say, or that the other end refuses. */
  #dropUnsendable(batch: PacketBatch): number {
    const { count, length } = batch
    let kept = 0
    for (let row = 0; row < count; row++) {
      const lengthBytes = length[row]!
      if (lengthBytes > 0 && lengthBytes <= this.maxFrameBytes) {
        if (kept++ !== row) batch.moveRow(row, kept - 1)
        continue
      }
      this.#connection.pool.release(batch.slot[row]!)
      this.#drops[lengthBytes === 0 ? 'empty' : 'too-big']++
    }
    batch.count = kept
    return count - kept
  }
}
