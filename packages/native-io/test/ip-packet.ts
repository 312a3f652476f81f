/** An IPv4 packet with a UDP datagram, checksum of the header right, none for UDP. */
export function udpPacket(
  { from, to, port }: { from: string; to: string; port: number },
  payload: Uint8Array,
): Uint8Array {
  const packet = new Uint8Array(28 + payload.length)
  const view = new DataView(packet.buffer)
  packet.set([0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17])
  view.setUint16(2, packet.length)
  packet.set(from.split('.').map(Number), 12)
  packet.set(to.split('.').map(Number), 16)
  view.setUint16(10, internetChecksum(packet.subarray(0, 20)))
  view.setUint16(20, port)
  view.setUint16(22, port)
  view.setUint16(24, 8 + payload.length)
  packet.set(payload, 28)
  return packet
}

/** RFC 1071, slowly. */
function internetChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return ~sum & 0xffff
}
