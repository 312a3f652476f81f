/** Tables of one daemon: bits below the hash. */
const SLOT_BITS = 6
const HASH_BITS = 24
/** Far above what people choose, and what other programs do. */
const FIRST_TABLE = 0x4000_0000

/**
 * Numbers for routing tables, one for each device. They follow from the name of the TUN device, so that two daemons on a
 * machine have other ones.
 */
export class TableNumbers {
  readonly #base: number
  readonly #devices: string[] = []

  constructor(tun: string) {
    this.#base = FIRST_TABLE + (hashOf(tun) << SLOT_BITS)
  }

  /** The number for `device`, the same each time. When there were more than 64, the numbers begin anew. */
  of(device: string): number {
    if (!this.#devices.includes(device)) this.#devices.push(device)
    return this.#base + (this.#devices.indexOf(device) & ((1 << SLOT_BITS) - 1))
  }
}

/** FNV-1a, folded. */
function hashOf(text: string): number {
  let hash = 0x811c_9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x0100_0193)
  return ((hash >>> HASH_BITS) ^ hash) & ((1 << HASH_BITS) - 1)
}
