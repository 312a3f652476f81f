import type { Drops, Link, LinkStats, PacketBatch } from '@mp/interface'
import type { TcpConnection } from './connection.ts'

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
    return this.#connection.localAddress
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress
  }

  get maxFrameBytes(): number {
    return this.#connection.maxFrameBytes
  }

  send(batch: PacketBatch): number {
    if (this.closed) return this.#refuseAll(batch)
    const { count, length } = batch
    const roomBytes = this.#connection.roomBytes
    let taken = 0
    let bytes = 0
    for (; taken < count && bytes < roomBytes; taken++) {
      const lengthBytes = length[taken]!
      if (this.#connection.fits(lengthBytes)) {
        this.#txFrames++
        bytes += lengthBytes
      } else {
        this.#drops[lengthBytes === 0 ? 'empty' : 'too-big']++
      }
    }
    this.#txBytes += bytes
    this.#connection.write(batch, taken)
    if (batch.count > 0) this.blocked = true
    return taken
  }

  stats(): LinkStats {
    const drops: Drops = { ...this.#connection.ownDrops, ...this.#drops }
    return {
      txFrames: this.#txFrames,
      txBytes: this.#txBytes,
      backlogBytes: this.#connection.backlogBytes,
      drops,
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
}
