import { endianness } from 'node:os'

/** What a message of the kernel says, as far as it is of use here. */
export type NetlinkMessage =
  | { readonly kind: 'link'; readonly index: number; readonly name: string; readonly isUp: boolean }
  | { readonly kind: 'link-gone'; readonly index: number }
  | {
      readonly kind: 'address'
      readonly index: number
      readonly ip: string
      /** Sockets may leave from it, beyond its own link. */
      readonly isUsable: boolean
      readonly isDeprecated: boolean
    }
  | { readonly kind: 'address-gone'; readonly index: number; readonly ip: string }
  /** A route of the main table, or a rule, came or went. */
  | { readonly kind: 'route' }
  /** The answer to request `id` ends; it is whole if nothing changed meanwhile. */
  | { readonly kind: 'done'; readonly id: number; readonly isWhole: boolean }

/* linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h and linux/if.h */
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const RTM_NEWADDR = 20
const RTM_DELADDR = 21
const RTM_GETADDR = 22
const RTM_NEWROUTE = 24
const RTM_DELROUTE = 25
const RTM_NEWRULE = 32
const RTM_DELRULE = 33
const NLM_F_REQUEST = 0x01
const NLM_F_DUMP_INTR = 0x10
const NLM_F_DUMP = 0x300
const IFLA_IFNAME = 3
const IFF_UP = 0x1
const IFF_RUNNING = 0x40
const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_FLAGS = 8
const IFA_F_DADFAILED = 0x08
const IFA_F_DEPRECATED = 0x20
const IFA_F_TENTATIVE = 0x40
const AF_UNSPEC = 0
const RT_SCOPE_LINK = 253
const RT_TABLE_MAIN = 254
const RTM_F_CLONED = 0x200

const HEADER_BYTES = 16
const LINK_BYTES = 16
const ADDRESS_BYTES = 8
const ROUTE_BYTES = 12
const ATTRIBUTE_BYTES = 4
/** Header and an empty `struct ifinfomsg`, which serves for addresses too. */
const REQUEST_BYTES = HEADER_BYTES + LINK_BYTES
/** The kernel speaks in the order of bytes of the machine. */
const LITTLE = endianness() === 'LE'

/** Asks for all links or all addresses: the answers end with `done` and the same `id`. */
export function dumpRequest(what: 'links' | 'addresses', id: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(REQUEST_BYTES))
  view.setUint32(0, REQUEST_BYTES, LITTLE)
  view.setUint16(4, what === 'links' ? RTM_GETLINK : RTM_GETADDR, LITTLE)
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LITTLE)
  view.setUint32(8, id, LITTLE)
  return new Uint8Array(view.buffer)
}

/** The messages in a datagram. What is of no use, or cut off, is left out. */
export function* messagesIn(datagram: Uint8Array): Generator<NetlinkMessage, void, undefined> {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength)
  for (let at = 0; at + HEADER_BYTES <= view.byteLength;) {
    const length = view.getUint32(at, LITTLE)
    if (length < HEADER_BYTES || at + length > view.byteLength) return
    const message = messageIn(new DataView(view.buffer, view.byteOffset + at, length))
    if (message !== undefined) yield message
    at += aligned(length)
  }
}

function messageIn(view: DataView): NetlinkMessage | undefined {
  const type = view.getUint16(4, LITTLE)
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return linkIn(view, type === RTM_DELLINK)
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return addressIn(view, type === RTM_DELADDR)
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return routeIn(view)
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return { kind: 'route' }
    // Nothing but a request of ours can fail.
    case NLMSG_ERROR:
    case NLMSG_DONE: {
      const isWhole = type === NLMSG_DONE && (view.getUint16(6, LITTLE) & NLM_F_DUMP_INTR) === 0
      return { kind: 'done', id: view.getUint32(8, LITTLE), isWhole }
    }
    default:
      return undefined
  }
}

function linkIn(view: DataView, isGone: boolean): NetlinkMessage | undefined {
  if (view.byteLength < HEADER_BYTES + LINK_BYTES) return undefined
  // Of another family it tells what becomes of the port of a bridge.
  if (view.getUint8(HEADER_BYTES) !== AF_UNSPEC) return undefined
  const index = view.getInt32(HEADER_BYTES + 4, LITTLE)
  if (isGone) return { kind: 'link-gone', index }
  const name = attributesIn(view, HEADER_BYTES + LINK_BYTES).get(IFLA_IFNAME)
  if (name === undefined) return undefined
  const flags = view.getUint32(HEADER_BYTES + 8, LITTLE)
  const isUp = (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0
  return { kind: 'link', index, name: textOf(name), isUp }
}

function addressIn(view: DataView, isGone: boolean): NetlinkMessage | undefined {
  if (view.byteLength < HEADER_BYTES + ADDRESS_BYTES) return undefined
  const index = view.getUint32(HEADER_BYTES + 4, LITTLE)
  const attributes = attributesIn(view, HEADER_BYTES + ADDRESS_BYTES)
  // With a peer IFA_ADDRESS is the peer's.
  const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS)
  const ip = address === undefined ? undefined : ipOf(address)
  if (ip === undefined) return undefined
  if (isGone) return { kind: 'address-gone', index, ip }
  const wide = attributes.get(IFA_FLAGS)
  const flags = wide?.byteLength === 4 ? wide.getUint32(0, LITTLE) : view.getUint8(HEADER_BYTES + 2)
  const isSettled = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) === 0
  const isUsable = isSettled && view.getUint8(HEADER_BYTES + 3) !== RT_SCOPE_LINK
  return { kind: 'address', index, ip, isUsable, isDeprecated: (flags & IFA_F_DEPRECATED) !== 0 }
}

function routeIn(view: DataView): NetlinkMessage | undefined {
  if (view.byteLength < HEADER_BYTES + ROUTE_BYTES) return undefined
  const isCloned = (view.getUint32(HEADER_BYTES + 8, LITTLE) & RTM_F_CLONED) !== 0
  const isMain = view.getUint8(HEADER_BYTES + 4) === RT_TABLE_MAIN
  return isMain && !isCloned ? { kind: 'route' } : undefined
}

/** The attributes from byte `from` on, by type; of several of one type the last. */
function attributesIn(view: DataView, from: number): Map<number, DataView> {
  const attributes = new Map<number, DataView>()
  for (let at = from; at + ATTRIBUTE_BYTES <= view.byteLength;) {
    const length = view.getUint16(at, LITTLE)
    if (length < ATTRIBUTE_BYTES || at + length > view.byteLength) break
    const value = new DataView(view.buffer, view.byteOffset + at + ATTRIBUTE_BYTES, length - ATTRIBUTE_BYTES)
    attributes.set(view.getUint16(at + 2, LITTLE), value)
    at += aligned(length)
  }
  return attributes
}

/** Text up to its NUL. */
function textOf({ buffer, byteOffset, byteLength }: DataView): string {
  const [text = ''] = new TextDecoder().decode(new Uint8Array(buffer, byteOffset, byteLength)).split('\0', 1)
  return text
}

function ipOf(bytes: DataView): string | undefined {
  if (bytes.byteLength === 4) return [0, 1, 2, 3].map((at) => bytes.getUint8(at)).join('.')
  if (bytes.byteLength !== 16) return undefined
  const groups = Array.from({ length: 8 }, (_, group) => bytes.getUint16(2 * group).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

function aligned(length: number): number {
  return (length + 3) & ~3
}
