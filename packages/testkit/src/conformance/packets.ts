import type { Drops, PacketBatch, PacketPool } from '@mp/interface'
import { expect } from 'vitest'

/** `lengthBytes` bytes that differ for each `seed`. */
export function payload(lengthBytes: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: lengthBytes }, (_, i) => (i * 31 + seed * 97 + (i >> 8)) & 0xff)
}

/** All parts behind each other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** A batch with one packet per entry of `contents`, from `pool`, in slots large enough. */
export function batchOf(pool: PacketPool, contents: readonly Uint8Array[]): PacketBatch {
  const batch = pool.createBatch(Math.max(1, contents.length))
  for (const bytes of contents) append(pool, batch, bytes)
  return batch
}

/** Adds one packet with content `bytes` to `batch`. */
export function append(pool: PacketPool, batch: PacketBatch, bytes: Uint8Array): void {
  const slot = pool.acquire(Math.max(bytes.length, 1))
  expect(slot, `the pool of the fixture has no slot for ${bytes.length} bytes`).toBeGreaterThanOrEqual(0)
  pool.arena.set(bytes, pool.offsetOf(slot))
  batch.push(slot, pool.offsetOf(slot), bytes.length)
}

/** A copy of the packet in row `index`. */
export function packetAt(pool: PacketPool, batch: PacketBatch, index: number): Uint8Array {
  const offset = batch.offset[index] ?? 0
  return pool.arena.slice(offset, offset + (batch.length[index] ?? 0))
}

/** Copies of all packets of `batch`, whose slots are released. */
export function takeAll(pool: PacketPool, batch: PacketBatch): Uint8Array[] {
  const packets = Array.from({ length: batch.count }, (_, i) => packetAt(pool, batch, i))
  pool.releaseAll(batch)
  return packets
}

/** All counters together. Fails for a name that is not kebab-case. */
export function totalDrops(drops: Drops): number {
  for (const name of Object.keys(drops)) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  return Object.values(drops).reduce((sum, count) => sum + count, 0)
}

/** The address without its port. */
export function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'))
}
