export { Bbr } from './control/bbr.ts'
export { Cubic } from './control/cubic.ts'
export type { AckSample, CongestionControl } from './control/congestion-control.ts'
export { InnerHost, type InnerEndpoint, type InnerHostOptions } from './inner-host.ts'
export { InnerWire, type InnerWireOptions } from './inner-wire.ts'
export { Ping, PingTarget, type PingOptions } from './ping.ts'
export { QuicReceiver, type QuicReceiverOptions } from './quic/receiver.ts'
export { QuicSender, type QuicSenderOptions, type QuicSenderStats } from './quic/sender.ts'
export {
  TcpReceiver,
  type OnDelivered,
  type TcpReceiverOptions,
  type TcpReceiverStats,
} from './tcp/receiver.ts'
export { TcpSender, type TcpSenderOptions, type TcpSenderStats } from './tcp/sender.ts'
export { SteadyFlow, SteadySink, type SteadyFlowOptions } from './udp.ts'
