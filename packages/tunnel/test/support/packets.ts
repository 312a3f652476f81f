import { createHash } from 'node:crypto'
import { udpPacket } from '@mp/testkit'
import type { Side, World } from './world.ts'

export interface PacketWishes {
  /** Length of the whole packet, bytes. Default 500. */
  readonly bytes?: number
  readonly version?: 4 | 6
  /** Default: the first host of the inner network. */
  readonly src?: string
  /** Default: the second host of the inner network. */
  readonly dst?: string
}

const IPV4_UDP_BYTES = 28
const IPV6_UDP_BYTES = 48

/** An inner packet that carries a number, so that it is known again. */
export function packet(id: number, { bytes = 500, version = 4, src, dst }: PacketWishes = {}): Uint8Array {
  const payload = new Uint8Array(bytes - (version === 4 ? IPV4_UDP_BYTES : IPV6_UDP_BYTES))
  new DataView(payload.buffer).setUint32(0, id)
  for (let at = 4; at < payload.length; at++) payload[at] = id + at
  const [first, second] = version === 4 ? ['10.1.0.1', '10.1.0.2'] : ['fd00::1', 'fd00::2']
  return udpPacket({
    src: src ?? first,
    dst: dst ?? second,
    srcPort: 5000 + (id % 10),
    dstPort: 6000,
    payload,
  })
}

export function packets(count: number, wishes: PacketWishes & { readonly from?: number } = {}): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => packet((wishes.from ?? 0) + index, wishes))
}

/** The number in a packet of {@link packet}. */
export function idOf(bytes: Uint8Array): number {
  const header = bytes[0]! >> 4 === 4 ? IPV4_UDP_BYTES : IPV6_UDP_BYTES
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(header)
}

/**
 * Packets as short texts, to compare: number, length and a hash of all bytes. In the order of their numbers, as lines
 * of equal delay keep none between them.
 */
export const inOrder = (received: readonly Uint8Array[]): string[] =>
  received.toSorted((a, b) => idOf(a) - idOf(b)).map(textOf)

function textOf(bytes: Uint8Array): string {
  const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 12)
  return `packet ${idOf(bytes)}, ${bytes.length} bytes, ${hash}`
}

/** Sends `count` packets from `side`, `perMs` each millisecond, and lets the last arrive. @returns what arrived. */
export async function stream(
  world: World,
  side: Side,
  { count, perMs = 1, ...wishes }: PacketWishes & { readonly count: number; readonly perMs?: number },
): Promise<Uint8Array[]> {
  const far = side === 'client' ? world.server : world.client
  const before = far.tun.received.length
  for (let from = 0; from < count; from += perMs) {
    world[side].tun.injectBatch(packets(Math.min(perMs, count - from), { ...wishes, from }))
    // Time passes between the bursts.
    await world.pass(1)
  }
  await world.pass(200)
  return far.tun.received.slice(before)
}
