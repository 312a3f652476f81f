import { Mempool } from '@mp/mempool'
import type { Config } from '../config/index.ts'

/** Memory for packets in flight, bytes. */
const POOL_BYTES = 16 * 1024 * 1024
/** Room in a slot for what is not the packet: headers in front, a tag behind. */
const SLOT_ROOM_BYTES = 128
/** What a slot of 2 KiB holds beside its rooms. */
const USUAL_PACKET_BYTES = 1920
/** The largest IP packet; a pool has no larger slots. A frame is no larger either, since a larger one is cut. */
const LARGEST_PACKET_BYTES = 65_536
const MIN_SLOTS = 512

/** Memory for the packets of this config: slots of one size, which the largest packet and its headers fit into. */
export function createPool({ tun, client }: Pick<Config, 'tun' | 'client'>): Mempool {
  const largest = Math.max(tun.mtu, ...client.remotePaths.map((path) => path.mtu))
  const wanted = Math.max(USUAL_PACKET_BYTES, largest + SLOT_ROOM_BYTES)
  const packetBytes = Math.min(LARGEST_PACKET_BYTES, wanted)
  const slots = Math.max(MIN_SLOTS, Math.floor(POOL_BYTES / (packetBytes + SLOT_ROOM_BYTES)))
  return new Mempool({ classes: [{ packetBytes, slots }] })
}
