import { parseAddress } from './ip-address.ts'
import type { Prefix } from './prefix-table.ts'
import { PrefixTable } from './prefix-table.ts'

const MAX_VALUE = 0x7fff_ffff

/**
 * Which peer an inner address belongs to: for the destination of what is to be sent, and to check the source of what
 * was decrypted. The longest prefix decides, as in routing. Looking up allocates nothing.
 */
export class AllowedIps {
  readonly #ipv4 = new PrefixTable(1)
  readonly #ipv6 = new PrefixTable(4)

  /**
   * Gives the addresses of a prefix to `value`, a number 0…2^31-1. A prefix without length is one address; bits behind
   * its length are ignored, as `wg` does.
   * @returns whose exactly this prefix was before, or -1. Throws RangeError for what is no prefix.
   */
  insert(prefixText: string, value: number): number {
    const prefix = parsePrefix(prefixText)
    if (prefix === undefined) {
      throw new RangeError(
        `'${prefixText}' is no IP prefix: write one like 10.99.0.1/32, 10.99.0.0/24 or fd00::/64`,
      )
    }
    if (!Number.isInteger(value) || value < 0 || value > MAX_VALUE) {
      throw new RangeError(`a value must be a whole number from 0 to ${MAX_VALUE}, not ${value}`)
    }
    return (prefix.words.length === 1 ? this.#ipv4 : this.#ipv6).set(prefix, value)
  }

  /** Takes all prefixes from a value. @returns how many there were. */
  removeAll(value: number): number {
    return this.#ipv4.removeAll(value) + this.#ipv6.removeAll(value)
  }

  /** The value the IPv4 address at `offset` belongs to, or -1. */
  lookup4(arena: DataView, offset: number): number {
    return this.#ipv4.lookup(arena, offset)
  }

  /** The value the IPv6 address at `offset` belongs to, or -1. */
  lookup6(arena: DataView, offset: number): number {
    return this.#ipv6.lookup(arena, offset)
  }
}

function parsePrefix(text: string): Prefix | undefined {
  const [address = '', lengthText, ...rest] = text.split('/')
  const words = parseAddress(address)
  if (words === undefined || rest.length > 0) return undefined
  const bits = words.length * 32
  const length = lengthText === undefined ? bits : Number(lengthText)
  const clear = lengthText === undefined || (/^\d{1,3}$/.test(lengthText) && length <= bits)
  return clear ? { words, length } : undefined
}
