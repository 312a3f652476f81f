import { expect, test } from 'vitest'
import { IpHeader, IpParser, TrafficClass, classify } from '@mp/wire'
import { fragment6, ipv4, ipv6, tcp, udp } from './packets.ts'

const echo = (type: number): Uint8Array => Uint8Array.of(type, 0, 0, 0)

function classOf(packet: Uint8Array): number {
  const ip = new IpHeader()
  expect(new IpParser(packet).parse(0, packet.length, ip)).toBe(0)
  return classify(ip, packet.length)
}

test.each([
  ['a DNS question', ipv4({ protocol: 17 }, udp([40_000, 53], 30))],
  ['a DNS answer', ipv6({ nextHeader: 17 }, udp([53, 40_000], 30))],
  ['DNS over TCP', ipv4({ protocol: 6 }, tcp([40_000, 53], 0x10))],
  ['a TCP SYN', ipv4({ protocol: 6 }, tcp([1, 443], 0x02))],
  ['a TCP FIN', ipv6({ nextHeader: 6 }, tcp([1, 443], 0x11))],
  ['a TCP RST', ipv4({ protocol: 6 }, tcp([1, 443], 0x04))],
  ['a TCP acknowledgement without data', ipv4({ protocol: 6 }, tcp([1, 443], 0x10))],
  ['an echo request', ipv4({ protocol: 1 }, echo(8))],
  ['an echo reply', ipv4({ protocol: 1 }, echo(0))],
  ['an IPv6 echo request', ipv6({ nextHeader: 58 }, echo(128))],
  ['an IPv6 echo reply', ipv6({ nextHeader: 58 }, echo(129))],
  ['DSCP EF', ipv4({ protocol: 17, tos: 46 << 2 }, udp([1, 2], 100))],
  ['DSCP CS5', ipv6({ nextHeader: 17, trafficClass: 40 << 2 }, udp([1, 2], 100))],
  ['200 bytes of DNS', ipv4({ protocol: 17 }, udp([1, 53], 172))],
])('%s is critical', (_name, packet) => {
  expect(classOf(packet)).toBe(TrafficClass.critical)
})

test.each([
  ['201 bytes of DNS', ipv4({ protocol: 17 }, udp([1, 53], 173))],
  ['a TCP ACK with data', ipv4({ protocol: 6 }, tcp([1, 443], 0x18, 1))],
  ['a small datagram', ipv4({ protocol: 17 }, udp([1, 2], 10))],
  ['an unreachable message', ipv4({ protocol: 1 }, echo(3))],
  ['a neighbour solicitation', ipv6({ nextHeader: 58 }, echo(135))],
  ['an ICMPv6 number in IPv4', ipv4({ protocol: 58 }, echo(128))],
  ['an ICMP number in IPv6', ipv6({ nextHeader: 1 }, echo(8))],
  ['DSCP AF43', ipv4({ protocol: 17, tos: 38 << 2 }, udp([1, 2], 100))],
  ['a later fragment that looks like DNS', ipv4({ protocol: 17, fragmentOffset: 8 }, udp([1, 53], 30))],
  [
    'a later IPv6 fragment that looks like a SYN',
    ipv6({ nextHeader: 44 }, fragment6({ nextHeader: 6, offset: 8, more: false }, tcp([1, 2], 2))),
  ],
])('%s is bulk', (_name, packet) => {
  expect(classOf(packet)).toBe(TrafficClass.bulk)
})
