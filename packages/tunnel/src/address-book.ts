import { AllowedIps } from '@mp/secure-channel'

/** Where the addresses are in an IP header, bytes. */
const IPV4_SOURCE = 12
const IPV4_DESTINATION = 16
const IPV6_SOURCE = 8
const IPV6_DESTINATION = 24

/** Whose the addresses of inner packets are. Packets must have been inspected: their headers are whole. */
export class AddressBook {
  readonly #view: DataView
  readonly #owners = new AllowedIps()

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /** Gives networks to an owner, a number ≥ 0. Throws RangeError for what is no network, or is another's already. */
  add(networks: readonly string[], owner: number): void {
    for (const network of networks) {
      const before = this.#owners.insert(network, owner)
      if (before < 0 || before === owner) continue
      this.#owners.insert(network, before)
      this.#owners.removeAll(owner)
      throw new RangeError(`the network ${network} belongs to another peer already: give it to one of them`)
    }
  }

  /** Takes all networks from an owner. */
  remove(owner: number): void {
    this.#owners.removeAll(owner)
  }

  /** Owner of the address the packet at `offset` goes to, or -1. */
  destinationOf(offset: number): number {
    return this.#isIpv4(offset)
      ? this.#owners.lookup4(this.#view, offset + IPV4_DESTINATION)
      : this.#owners.lookup6(this.#view, offset + IPV6_DESTINATION)
  }

  /** Owner of the address the packet at `offset` comes from, or -1. */
  sourceOf(offset: number): number {
    return this.#isIpv4(offset)
      ? this.#owners.lookup4(this.#view, offset + IPV4_SOURCE)
      : this.#owners.lookup6(this.#view, offset + IPV6_SOURCE)
  }

  #isIpv4(offset: number): boolean {
    return this.#view.getUint8(offset) >>> 4 === 4
  }
}
