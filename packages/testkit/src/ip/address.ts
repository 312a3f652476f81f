/** The bytes of an IP address: 4 for `10.0.0.1`, 16 for `fd00::1`. Throws RangeError for anything else. */
export function ipBytes(address: string): Uint8Array {
  const bytes = address.includes(':') ? ipv6Bytes(address) : ipv4Bytes(address)
  if (bytes) return bytes
  throw new RangeError(`expected an IP address like 10.0.0.1 or fd00::1, found "${address}"`)
}

function ipv4Bytes(address: string): Uint8Array | undefined {
  const parts = address.split('.')
  const valid = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)
  return valid ? Uint8Array.from(parts, Number) : undefined
}

function ipv6Bytes(address: string): Uint8Array | undefined {
  const [front = '', back, ...more] = address.split('::')
  const head = groupsOf(front)
  const tail = groupsOf(back ?? '')
  const zeros = 8 - head.length - tail.length
  const complete = back === undefined ? zeros === 0 : zeros >= 1
  if (more.length > 0 || !complete) return undefined
  const groups = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail]
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from({ length: 16 }, (_, i) => {
    const group = Number.parseInt(groups[i >> 1] ?? '', 16)
    return i % 2 === 0 ? group >> 8 : group & 0xff
  })
}

function groupsOf(part: string): string[] {
  return part === '' ? [] : part.split(':')
}
