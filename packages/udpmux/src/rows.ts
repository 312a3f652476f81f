import type { PacketBatch } from '@mp/interface'

/** Bytes of all packets in a batch. */
export function sumOfLengths({ length, count }: PacketBatch): number {
  let bytes = 0
  for (let row = 0; row < count; row++) bytes += length[row]!
  return bytes
}
