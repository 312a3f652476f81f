/** Gives `value` back. Throws RangeError unless it is finite and > 0. */
export function positive(name: string, value: number): number {
  if (value > 0 && value < Infinity) return value
  throw new RangeError(`expected ${name} to be finite and > 0, found ${value}`)
}

/** Gives `value` back. Throws RangeError unless it is from `min` to `max`. */
export function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new RangeError(`expected ${name} to be from ${min} to ${max}, found ${value}`)
}

/** Throws RangeError for bytes that are negative, not finite or NaN. */
export function checkLength(lengthBytes: number): void {
  if (lengthBytes >= 0 && lengthBytes < Infinity) return
  throw new RangeError(`expected a length in bytes, finite and >= 0, found ${lengthBytes}`)
}

/** Throws RangeError when one of `known` has the id of `path`. */
export function checkNewId(path: { readonly id: unknown }, known: Iterable<{ readonly id: unknown }>): void {
  for (const { id } of known) {
    if (id === path.id) throw new RangeError(`path id ${String(id)} is in use: remove the old path first`)
  }
}
