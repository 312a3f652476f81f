import type { Drops } from '@mp/interface'

/** Adds `more` to `sum`, name by name. @returns `sum`. */
export function addDrops(sum: Record<string, number>, more: Drops): Record<string, number> {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
