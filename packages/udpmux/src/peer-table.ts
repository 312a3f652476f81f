import { formatEndpoint } from '@mp/runtime-node'
import type { Endpoint } from '@mp/runtime-node'

/** A known remote address. */
export interface Peer extends Endpoint {
  /** `ip:port`. */
  readonly address: string
}

/**
 * Numbers for remote addresses, in a table of fixed size.
 *
 * A full table gives the number of an unpinned address to the new one. Which, a clock hand decides (second chance,
 * Corbató 1968): it passes over pinned entries and over those asked for since its last visit, so that a flood of
 * new sources wears down other new sources first.
 */
export class PeerTable {
  readonly capacity: number
  readonly #numbers = new Map<string, number>()
  readonly #peers: (Peer | undefined)[] = []
  readonly #pins: Int32Array
  readonly #recent: Uint8Array
  #pinned = 0
  #hand = 0

  /** @param capacity Most addresses, an integer ≥ 1. Throws RangeError otherwise. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`peerCapacity must be an integer of at least 1 address, not ${capacity}`)
    }
    this.capacity = capacity
    this.#pins = new Int32Array(capacity)
    this.#recent = new Uint8Array(capacity)
  }

  /** Addresses known now. */
  get size(): number {
    return this.#numbers.size
  }

  /** The number of an address, known or new; -1 when every entry is pinned. */
  number(host: string, port: number): number {
    const address = formatEndpoint(host, port)
    const known = this.#numbers.get(address)
    if (known !== undefined) {
      this.#recent[known] = 1
      return known
    }
    const free = this.#room()
    if (free < 0) return -1
    this.#peers[free] = { host, port, address }
    this.#numbers.set(address, free)
    return free
  }

  /** The address behind a number, undefined when the number is not in use. */
  at(peer: number): Peer | undefined {
    return this.#peers[peer]
  }

  /** Throws RangeError for a number that is not in use. */
  pin(peer: number): void {
    if (this.#peers[peer] === undefined) throw new RangeError(`cannot pin peer ${peer}: no such peer`)
    if (this.#pins[peer]!++ === 0) this.#pinned++
  }

  /** Throws RangeError for a number that is not pinned. */
  unpin(peer: number): void {
    if (!(this.#pins[peer]! > 0)) throw new RangeError(`cannot unpin peer ${peer}: it is not pinned`)
    if (--this.#pins[peer]! === 0) this.#pinned--
  }

  /** An entry to use, emptied; -1 when there is none. */
  #room(): number {
    if (this.#peers.length < this.capacity) return this.#peers.push(undefined) - 1
    if (this.#pinned === this.capacity) return -1
    for (;;) {
      const entry = this.#hand
      this.#hand = (entry + 1) % this.capacity
      if (this.#pins[entry]! > 0) continue
      if (this.#recent[entry] === 0) {
        this.#numbers.delete(this.#peers[entry]!.address)
        return entry
      }
      this.#recent[entry] = 0
    }
  }
}
