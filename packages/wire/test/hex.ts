/** Bytes written as hex, with spaces where they help to read. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** An arena in which `bytes` begin at `before` and end `after` bytes before its end; all else is `filling`. */
export function arenaAround(
  bytes: Uint8Array,
  place: { before: number; after: number; filling: number },
): Uint8Array {
  const arena = new Uint8Array(place.before + bytes.length + place.after).fill(place.filling)
  arena.set(bytes, place.before)
  return arena
}
