export {
  internetChecksum,
  ipv4Packet,
  ipv6Packet,
  type Ipv4PacketOptions,
  type Ipv6PacketOptions,
} from './packet.ts'
export {
  TCP_ACK,
  TCP_FIN,
  TCP_PSH,
  TCP_RST,
  TCP_SYN,
  tcpPacket,
  udpPacket,
  type FlowOptions,
  type TcpPacketOptions,
  type UdpPacketOptions,
} from './segment.ts'
