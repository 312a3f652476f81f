import { AllowedIps } from '@mp/secure-channel'

/** Where the addresses are in an IP header, and how long one is at least, bytes. */
const IPV4 = { source: 12, destination: 16, header: 20 }
const IPV6 = { source: 8, destination: 24, header: 40 }

/** An IPv4 address that was looked up, and its owner: packets come in trains of one flow. */
interface Recent {
  word: number
  /** -2: nothing yet. */
  owner: number
}

const UNKNOWN = -2

/** Whose the addresses of inner packets are. */
export class AddressBook {
  readonly #view: DataView
  readonly #owners = new AllowedIps()
  readonly #source: Recent = { word: 0, owner: UNKNOWN }
  readonly #destination: Recent = { word: 0, owner: UNKNOWN }

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /** Gives networks to an owner, a number ≥ 0. Throws RangeError for what is no network, or is another's already. */
  add(networks: readonly string[], owner: number): void {
    this.#forgetRecent()
    try {
      for (const network of networks) this.#give(network, owner)
    } catch (error) {
      this.remove(owner)
      throw error
    }
  }

  /** Takes all networks from an owner. */
  remove(owner: number): void {
    this.#forgetRecent()
    this.#owners.removeAll(owner)
  }

  /** Owner of the address a packet goes to, or -1; also when there is no whole header. */
  destinationOf(offset: number, lengthBytes: number): number {
    return this.#isIpv4(offset, lengthBytes)
      ? this.#lookup4(offset + IPV4.destination, lengthBytes, this.#destination)
      : this.#lookup6(offset + IPV6.destination, lengthBytes)
  }

  /** Owner of the address a packet comes from, or -1; also when there is no whole header. */
  sourceOf(offset: number, lengthBytes: number): number {
    return this.#isIpv4(offset, lengthBytes)
      ? this.#lookup4(offset + IPV4.source, lengthBytes, this.#source)
      : this.#lookup6(offset + IPV6.source, lengthBytes)
  }

  #give(network: string, owner: number): void {
    const before = this.#owners.insert(network, owner)
    if (before < 0 || before === owner) return
    this.#owners.insert(network, before)
    throw new RangeError(`the network ${network} belongs to another peer already: give it to one of them`)
  }

  #isIpv4(offset: number, lengthBytes: number): boolean {
    return lengthBytes > 0 && this.#view.getUint8(offset) >>> 4 === 4
  }

  #lookup4(offset: number, lengthBytes: number, recent: Recent): number {
    if (lengthBytes < IPV4.header) return -1
    const word = this.#view.getInt32(offset)
    if (recent.owner === UNKNOWN || recent.word !== word) {
      recent.word = word
      recent.owner = this.#owners.lookup4(this.#view, offset)
    }
    return recent.owner
  }

  #forgetRecent(): void {
    this.#source.owner = UNKNOWN
    this.#destination.owner = UNKNOWN
  }

  #lookup6(offset: number, lengthBytes: number): number {
    return lengthBytes < IPV6.header ? -1 : this.#owners.lookup6(this.#view, offset)
  }
}
