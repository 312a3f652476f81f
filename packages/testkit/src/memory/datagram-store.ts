import type { MemorySocket } from './memory-socket.ts'

/** A datagram under way. */
export interface Datagram {
  bytes: Uint8Array
  lengthBytes: number
  /** Who sent it, to tell them when nobody is there. */
  sender: MemorySocket
  /** Source address on the wire, behind any NAT. */
  from: string
  to: string
  /** How often it is under way; more than once after duplication. */
  copies: number
}

/** Room a new datagram gets at least, bytes, so that buffers fit again. */
const BUFFER_BYTES = 2048

const NO_BYTES = new Uint8Array(0)

/** Memory of the wire: datagrams by number, their buffers used again and again. */
export class DatagramStore {
  readonly #datagrams: Datagram[] = []
  readonly #free: number[] = []
  readonly #limit: number

  /** @param limit most datagrams under way at once. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Datagrams under way now. */
  get size(): number {
    return this.#datagrams.length - this.#free.length
  }

  /** Copies `content`. @returns the number of the datagram, -1 when the bound is reached. */
  put(content: Uint8Array, header: Pick<Datagram, 'sender' | 'from' | 'to'>): number {
    const item = this.#free.pop() ?? this.#datagrams.length
    if (item >= this.#limit) return -1
    const lengthBytes = content.length
    const datagram = this.#datagrams[item] ?? { ...header, bytes: NO_BYTES, lengthBytes, copies: 1 }
    if (datagram.bytes.length < lengthBytes)
      datagram.bytes = new Uint8Array(Math.max(BUFFER_BYTES, lengthBytes))
    datagram.bytes.set(content)
    datagram.lengthBytes = lengthBytes
    datagram.copies = 1
    datagram.sender = header.sender
    datagram.from = header.from
    datagram.to = header.to
    this.#datagrams[item] = datagram
    return item
  }

  at(item: number): Datagram {
    return this.#datagrams[item] as Datagram
  }

  /** One more of the same is under way. @returns `item` itself. */
  double(item: number): number {
    this.at(item).copies++
    return item
  }

  release(item: number): void {
    if (--this.at(item).copies === 0) this.#free.push(item)
  }
}
