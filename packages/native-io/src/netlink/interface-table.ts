import type { NetworkInterface } from '@mp/interface'
import type { NetlinkMessage } from './messages.ts'

interface Address {
  readonly isUsable: boolean
  readonly isDeprecated: boolean
  /** The count that named it last. */
  roll: number
}

interface Entry {
  name: string
  isUp: boolean
  roll: number
  readonly addresses: Map<string, Address>
}

/** The interfaces as the messages so far tell of them. */
export class InterfaceTable {
  readonly #entries = new Map<number, Entry>()
  #roll = 0

  /** All there are will be told again. */
  beginCount(): void {
    this.#roll++
  }

  /** All there are have been told since {@link beginCount}: forgets the others, whose end was not heard. */
  endCount(): void {
    for (const [index, entry] of this.#entries) {
      if (entry.roll !== this.#roll) this.#entries.delete(index)
      for (const [ip, { roll }] of entry.addresses) if (roll !== this.#roll) entry.addresses.delete(ip)
    }
  }

  handle(message: NetlinkMessage): void {
    switch (message.kind) {
      case 'link': {
        const { index, name, isUp } = message
        const { addresses } = this.#entries.get(index) ?? { addresses: new Map<string, Address>() }
        this.#entries.set(index, { name, isUp, roll: this.#roll, addresses })
        return
      }
      case 'link-gone':
        this.#entries.delete(message.index)
        return
      case 'address': {
        const { index, ip, isUsable, isDeprecated } = message
        this.#entries.get(index)?.addresses.set(ip, { isUsable, isDeprecated, roll: this.#roll })
        return
      }
      case 'address-gone':
        this.#entries.get(message.index)?.addresses.delete(message.ip)
        return
      case 'route':
      case 'done':
    }
  }

  interfaces(): readonly NetworkInterface[] {
    return [...this.#entries.values()].map(({ name, isUp, addresses }) => ({
      name,
      isUp,
      addresses: [...addresses].flatMap(([ip, { isUsable, isDeprecated }]) =>
        isUsable ? [{ ip, isDeprecated }] : [],
      ),
    }))
  }
}
