const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const HEXTET = /^[\da-f]{1,4}$/i
const HEXTETS = 8
/** The first 96 bits of an IPv4 address written as IPv6, ::ffff:0:0/96. */
const MAPPED_HIGH = [0, 0, 0xffff]

/** An IP address as big-endian 32-bit words: one of IPv4, four of IPv6; undefined for anything else. No zones. */
export function parseAddress(text: string): readonly number[] | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** An IPv4 address written as IPv6 is an IPv4 address; all others are themselves. */
export function unmapped(words: readonly number[]): readonly number[] {
  return MAPPED_HIGH.every((word, i) => words[i] === word) ? words.slice(-1) : words
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = IPV4.exec(text)?.slice(1) ?? []
  const bytes = parts.map(Number)
  // A leading zero means octal to some programs: nobody can say which address was meant.
  const clear = parts.every((part, i) => String(bytes[i]) === part && Number(part) <= 255)
  if (bytes.length !== 4 || !clear) return undefined
  return [bytes.reduce((word, byte) => word * 256 + byte, 0)]
}

function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, i) =>
    half === '' ? [] : parseHextets(half, i === halves.length - 1),
  )
  if (head === undefined) return undefined
  let all = head
  if (halves.length === 2) {
    if (tail === undefined || head.length + tail.length >= HEXTETS) return undefined
    const gap = Array.from({ length: HEXTETS - head.length - tail.length }, () => 0)
    all = [...head, ...gap, ...tail]
  }
  if (all.length !== HEXTETS) return undefined
  return [0, 2, 4, 6].map((i) => (all[i] ?? 0) * 0x1_0000 + (all[i + 1] ?? 0))
}

/** 16-bit groups between colons; the last of an address may be an IPv4 address, which makes two. */
function parseHextets(text: string, ends: boolean): readonly number[] | undefined {
  const groups = text.split(':')
  const last = groups.at(-1) ?? ''
  const embedded = ends && last.includes('.') ? parseIpv4(last) : undefined
  if (embedded !== undefined) groups.pop()
  if (!groups.every((group) => HEXTET.test(group))) return undefined
  const [word] = embedded ?? []
  const end = word === undefined ? [] : [Math.floor(word / 0x1_0000), word % 0x1_0000]
  return [...groups.map((group) => Number.parseInt(group, 16)), ...end]
}
