import fc from 'fast-check'

/** Hand-built IP packets: each function writes one header in front of what it carries. */

export interface V4Fields {
  readonly protocol: number
  readonly optionWords?: number
  readonly tos?: number
  readonly moreFragments?: boolean
  readonly fragmentOffset?: number
  readonly source?: number
  readonly ttl?: number
}

export function ipv4(fields: V4Fields, payload: Uint8Array): Uint8Array {
  const headerBytes = 20 + 4 * (fields.optionWords ?? 0)
  const packet = new Uint8Array(headerBytes + payload.length)
  const view = new DataView(packet.buffer)
  view.setUint8(0, 0x40 | (headerBytes / 4))
  view.setUint8(1, fields.tos ?? 0)
  view.setUint16(2, packet.length)
  view.setUint16(6, (fields.moreFragments ? 0x2000 : 0) | ((fields.fragmentOffset ?? 0) / 8))
  view.setUint8(8, fields.ttl ?? 64)
  view.setUint8(9, fields.protocol)
  view.setUint32(12, fields.source ?? 0x0a00_0001)
  view.setUint32(16, 0x0a00_0002)
  packet.set(payload, headerBytes)
  return packet
}

export interface V6Fields {
  readonly nextHeader: number
  readonly trafficClass?: number
  readonly flowLabel?: number
  readonly source?: number
}

export function ipv6(fields: V6Fields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(40 + payload.length)
  const view = new DataView(packet.buffer)
  view.setUint32(0, 0x6000_0000 | ((fields.trafficClass ?? 0) << 20) | (fields.flowLabel ?? 0))
  view.setUint16(4, payload.length)
  view.setUint8(6, fields.nextHeader)
  view.setUint8(7, 64)
  view.setUint32(8, 0xfd00_0000)
  view.setUint32(20, fields.source ?? 1)
  view.setUint32(24, 0xfd00_0000)
  view.setUint32(36, 2)
  packet.set(payload, 40)
  return packet
}

/** An IPv6 extension header of `8 * units` bytes in front of `payload` (`4 * (units + 1)` for an AH, type 51). */
export function extension(nextHeader: number, units: number, payload: Uint8Array): Uint8Array {
  return concat(
    Uint8Array.of(nextHeader, units - 1, ...Array.from({ length: 8 * units - 2 }, () => 0)),
    payload,
  )
}

export function authentication(nextHeader: number, words: number, payload: Uint8Array): Uint8Array {
  return concat(
    Uint8Array.of(nextHeader, words - 2, ...Array.from({ length: 4 * words - 2 }, () => 0)),
    payload,
  )
}

export function fragment6(
  fields: { nextHeader: number; offset: number; more: boolean },
  payload: Uint8Array,
): Uint8Array {
  const word = fields.offset | Number(fields.more)
  return concat(Uint8Array.of(fields.nextHeader, 0xaa, word >>> 8, word & 0xff, 1, 2, 3, 4), payload)
}

export function tcp(ports: readonly [number, number], flags: number, dataBytes = 0): Uint8Array {
  const header = new Uint8Array(20 + dataBytes)
  const view = new DataView(header.buffer)
  view.setUint16(0, ports[0])
  view.setUint16(2, ports[1])
  view.setUint8(12, 0x50)
  view.setUint8(13, flags)
  return header
}

export function udp(ports: readonly [number, number], dataBytes: number): Uint8Array {
  const header = new Uint8Array(8 + dataBytes)
  const view = new DataView(header.buffer)
  view.setUint16(0, ports[0])
  view.setUint16(2, ports[1])
  view.setUint16(4, header.length)
  return header
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

const bytes = fc.uint8Array({ maxLength: 60 })
const protocol = fc.constantFrom(1, 6, 17, 33, 47, 50, 58, 59, 132, 136, 0, 43, 44, 51, 60, 135)

const anyIpv4: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.record({
      protocol,
      optionWords: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(10)),
      tos: fc.nat(255),
      moreFragments: fc.boolean(),
      fragmentOffset: fc.constantFrom(0, 0, 8, 1480, 65_480, 65_528),
    }),
    bytes,
  )
  .map(([fields, payload]) => ipv4(fields, payload))

const anyExtension = fc.record({
  kind: fc.constantFrom(0, 43, 44, 51, 60, 135),
  units: fc.integer({ min: 1, max: 3 }),
  offset: fc.constantFrom(0, 0, 8, 1448, 65_528),
  more: fc.boolean(),
})

const anyIpv6: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(anyExtension, { maxLength: 10 }), protocol, bytes, fc.nat(255))
  .map(([extensions, last, payload, trafficClass]) => {
    let nextHeader = last
    let rest: Uint8Array = payload
    for (const { kind, units, offset, more } of extensions) {
      if (kind === 44) rest = fragment6({ nextHeader, offset, more }, rest)
      else if (kind === 51) rest = authentication(nextHeader, units + 2, rest)
      else rest = extension(nextHeader, units, rest)
      nextHeader = kind
    }
    return ipv6({ nextHeader, trafficClass }, rest)
  })

/** Valid packets of all shapes, the same with a byte changed or the end cut off, and noise. */
export const anyPacket: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.oneof(anyIpv4, anyIpv6), fc.nat(4), fc.nat(79), fc.nat(255))
  .map(([packet, damage, where, value]) => {
    if (damage === 0) return packet.slice(0, where)
    if (damage === 1) return packet.with(Math.min(where, packet.length - 1), value)
    return packet
  })
