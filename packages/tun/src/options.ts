import { isIP } from 'node:net'
import type { PacketPool } from '@mp/interface'
import type { TunOffloads } from '@mp/native-io'
import { TunError } from './errors.ts'

/** An address of the device. */
export interface TunAddress {
  /** IPv4 or IPv6 address of this side. */
  readonly local: string
  /** Address of the far side, of the same family. Default: none. */
  readonly peer?: string
  /** Length of the network prefix, bits; with a peer, of the peer's network. Default 32 for IPv4, 128 for IPv6. */
  readonly prefix?: number
}

/** What runs behind the device. */
export type TunBackend = 'native' | 'tuntap2'

/** Wishes for a TUN device. */
export interface TunOptions {
  /** Where packets read go and packets written come from. */
  readonly pool: PacketPool
  /** Name of the interface: at most 15 characters on Linux, `utun` and a number on Darwin. Default: the system chooses. */
  readonly name?: string
  /** Largest IP packet, bytes, at most `pool.packetBytes`; at least 1280 for IPv6. Default 1500. */
  readonly mtuBytes?: number
  /** Default: `native` where it loads, else `tuntap2` where it is installed. */
  readonly backend?: TunBackend
  /** Default: none. */
  readonly addresses?: readonly TunAddress[]
  /** Networks to route into the device, such as `10.8.0.0/16` or `fd00::/8`. Default: none. */
  readonly routes?: readonly string[]
  /** Packets that the kernel keeps for a reader that is late (txqueuelen), Linux only. Default 1000. */
  readonly queuePackets?: number
  /** Most packets handed over in one call, native only. Default 256. */
  readonly batchSize?: number
  /** Which offloads to use, native on Linux only. Default: all that the kernel has. */
  readonly offload?: TunOffloads
  /**
   * Packets may come with a checksum that is begun only (FLAG_PARTIAL_CHECKSUM of `@mp/wire`): for who carries them
   * over something that protects them. Default false.
   */
  readonly partialChecksums?: boolean
}

/** An address with its family and all defaults. */
export interface PlannedAddress {
  readonly family: 4 | 6
  readonly local: string
  readonly peer: string | undefined
  readonly prefix: number
}

/** What is to be set up once there is a device: checked, with all defaults. */
export interface TunPlan {
  readonly addresses: readonly PlannedAddress[]
  readonly routes: readonly string[]
  readonly queuePackets: number
}

const DEFAULT_MTU_BYTES = 1500
const MIN_MTU_BYTES = 68
/** RFC 8200, section 5. */
const MIN_IPV6_MTU_BYTES = 1280
const DEFAULT_QUEUE_PACKETS = 1000
const MAX_QUEUE_PACKETS = 1_000_000
/** What the kernel takes (at most IFNAMSIZ - 1 bytes), less what `ip` would take for an option or a pattern. */
const LINUX_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/
const DARWIN_NAME = /^utun\d{1,4}$/

/** The MTU asked for. Throws RangeError when it is out of range. */
export function mtuOf({ mtuBytes = DEFAULT_MTU_BYTES, pool }: TunOptions): number {
  checkRange('mtuBytes', mtuBytes, [MIN_MTU_BYTES, pool.packetBytes])
  return mtuBytes
}

/** Throws `MP_TUN_NAME` for a name the system would refuse. */
export function checkName(name: string, platform: NodeJS.Platform): void {
  const darwin = platform === 'darwin'
  if ((darwin ? DARWIN_NAME : LINUX_NAME).test(name)) return
  const expected = darwin ? '`utun` and a number, such as utun7' : '1 to 15 letters, digits, `_`, `.` or `-`'
  throw new TunError(
    'MP_TUN_NAME',
    `'${name}' (${name.length} characters) is no name for a TUN device: expected ${expected}`,
  )
}

/** Throws a {@link TunError} or RangeError that says which option is wrong. */
export function planOf(options: TunOptions): TunPlan {
  const { addresses = [], routes = [], queuePackets = DEFAULT_QUEUE_PACKETS } = options
  checkRange('queuePackets', queuePackets, [0, MAX_QUEUE_PACKETS])
  for (const route of routes) checkRoute(route)
  const mtuBytes = mtuOf(options)
  return { addresses: addresses.map((address) => planAddress(address, mtuBytes)), routes, queuePackets }
}

function planAddress({ local, peer, prefix }: TunAddress, mtuBytes: number): PlannedAddress {
  const family = isIP(local)
  if (family !== 4 && family !== 6)
    throw badAddress(`'${local}' is not an IP address: expected one like 10.8.0.1 or fd00::1`)
  if (peer !== undefined && isIP(peer) !== family) {
    throw badAddress(`the peer '${peer}' of ${local} must be an IPv${family} address too`)
  }
  const bits = family === 4 ? 32 : 128
  if (prefix !== undefined && !isPrefix(prefix, bits)) {
    throw badAddress(`the prefix of ${local} must be 0…${bits} bits, not ${prefix}`)
  }
  if (family === 6 && mtuBytes < MIN_IPV6_MTU_BYTES) {
    throw badAddress(
      `${local} is IPv6, which needs an MTU of at least ${MIN_IPV6_MTU_BYTES} bytes, and mtuBytes is ${mtuBytes}`,
    )
  }
  return { family, local, peer, prefix: prefix ?? bits }
}

function badAddress(message: string): TunError {
  return new TunError('MP_TUN_ADDRESS', message)
}

/** Throws `MP_TUN_ROUTE` for what is no network. */
export function checkRoute(route: string): void {
  const [ip = '', prefix = '', surplus] = route.split('/')
  const bits = isIP(ip) === 4 ? 32 : 128
  if (isIP(ip) !== 0 && /^\d+$/.test(prefix) && isPrefix(Number(prefix), bits) && surplus === undefined)
    return
  throw new TunError('MP_TUN_ROUTE', `'${route}' is not a network: expected one like 10.8.0.0/16 or fd00::/8`)
}

function isPrefix(prefix: number, bits: number): boolean {
  return Number.isInteger(prefix) && prefix >= 0 && prefix <= bits
}

function checkRange(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`${name} must be an integer between ${least} and ${most}, not ${value}`)
}
