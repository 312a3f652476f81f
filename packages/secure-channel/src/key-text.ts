const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const KEY_BYTES = 32
/** 32 bytes are ten groups of 3 bytes and 4 letters, then 2 bytes, 3 letters and the padding. */
const KEY_TEXT = /^[A-Za-z\d+/]{42}[AEIMQUYcgkosw048]=$/

/** A key of 32 bytes in base64, 44 letters: as `wg` prints keys. Throws RangeError for another number of bytes. */
export function encodeKey(key: Uint8Array): string {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`)
  let text = ''
  for (let at = 0; at < KEY_BYTES; at += 3) {
    const group = ((key[at] ?? 0) << 16) | ((key[at + 1] ?? 0) << 8) | (key[at + 2] ?? 0)
    for (let shift = 18; shift >= 0; shift -= 6) text += ALPHABET[(group >> shift) & 63]
  }
  return `${text.slice(0, -1)}=`
}

/**
 * The 32 bytes of a key in base64; undefined for anything but exactly 44 letters with the padding and no bits set that
 * belong to no byte, so that a key has one spelling.
 */
export function decodeKey(text: string): Uint8Array | undefined {
  if (!KEY_TEXT.test(text)) return undefined
  const key = new Uint8Array(KEY_BYTES)
  let group = 0
  for (let i = 0; i < text.length; i++) {
    // The padding counts as zero bits; the byte they would make is behind the end of the key.
    group = (group << 6) | Math.max(0, ALPHABET.indexOf(text.charAt(i)))
    if (i % 4 !== 3) continue
    key.set([group >> 16, (group >> 8) & 0xff, group & 0xff].slice(0, KEY_BYTES - (i >> 2) * 3), (i >> 2) * 3)
    group = 0
  }
  return key
}
