import type { PacketBatch } from '@mp/interface'

/** Copies all columns of row `from` over row `to` of one batch. */
export function moveRow({ table, capacity }: PacketBatch, from: number, to: number): void {
  for (let base = 0; base < table.length; base += capacity) table[base + to] = table[base + from]!
}

/** Bytes of all packets in a batch. */
export function sumOfLengths({ length, count }: PacketBatch): number {
  let bytes = 0
  for (let row = 0; row < count; row++) bytes += length[row]!
  return bytes
}
