/** Remote addresses by number, bounded; an address that is not pinned makes room when the table is full. */
export class PeerTable {
  readonly #numbers = new Map<string, number>()
  readonly #addresses: (string | undefined)[] = []
  readonly #pins: number[] = []
  readonly #limit: number
  /** The address used last. */
  #latest = ''

  /** @param limit most addresses at once, ≥ 1. */
  constructor(limit: number) {
    if (!(limit >= 1)) throw new RangeError(`maxPeers must be at least 1, got ${limit}`)
    this.#limit = limit
  }

  get size(): number {
    return this.#numbers.size
  }

  /** The number of `address`, known before or not; -1 when the table is full of pinned ones. */
  add(address: string): number {
    const known = this.#numbers.get(address)
    if (known !== undefined && address === this.#latest) return known
    const peer = known ?? (this.size < this.#limit ? this.size : this.#evict())
    if (peer < 0) return -1
    // Set anew, so that the Map keeps the addresses in the order of use.
    this.#numbers.delete(address)
    this.#numbers.set(address, peer)
    this.#latest = address
    this.#addresses[peer] = address
    this.#pins[peer] ??= 0
    return peer
  }

  /** The number of `address`, -1 when it has none. */
  find(address: string): number {
    return this.#numbers.get(address) ?? -1
  }

  addressOf(peer: number): string | undefined {
    return this.#addresses[peer]
  }

  pin(peer: number): void {
    if (this.#addresses[peer] !== undefined) this.#pins[peer] = (this.#pins[peer] ?? 0) + 1
  }

  unpin(peer: number): void {
    const pins = this.#pins[peer] ?? 0
    if (pins > 0) this.#pins[peer] = pins - 1
  }

  /** Forgets the address unused for longest. @returns its number, -1 when all are pinned. */
  #evict(): number {
    for (const [address, peer] of this.#numbers) {
      if (this.#pins[peer] !== 0) continue
      this.#numbers.delete(address)
      return peer
    }
    return -1
  }
}
