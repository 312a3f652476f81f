import type { Drops } from '@mp/interface'

/** The counters of two places where packets are dropped, as one. */
export function sumOfDrops(a: Drops, b: Drops): Drops {
  const sum: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
