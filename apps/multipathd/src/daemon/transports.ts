import type { PacketPool, Runtime, Transport } from '@mp/interface'
import { tcpTransport } from '@mp/tcp-transport'
import type { TcpTransport } from '@mp/tcp-transport'
import type { ClientPath } from '@mp/tunnel'
import { udpMux } from '@mp/udpmux'
import type { UdpMux, UdpMuxOptions } from '@mp/udpmux'
import type { Config, RemotePath } from '../config/index.ts'
import { udpOffloadNotes } from './offloads.ts'

/** What transports need of the world. */
export interface Outside {
  readonly pool: PacketPool
  readonly runtime: Runtime
}

/** UDP and IP headers around a frame, bytes. */
const UDP_OVER_IPV4_BYTES = 28
const UDP_OVER_IPV6_BYTES = 48

/** What carries a path of the client. Transports have no state of their own, so that each path may have one that knows its MTU. */
export function pathTransports(
  path: RemotePath,
  config: Config,
  outside: Outside,
): Pick<ClientPath, 'transport' | 'fallback'> {
  const wish = wishOf(path, config)
  if (wish === 'tcp') return { transport: tcp(outside) }
  // A name may lead to either family: then the larger headers are reckoned with.
  const isIpv4 = /^\d+(\.\d+){3}:/.test(path.remoteAddr)
  const maxFrameBytes = path.mtu - (isIpv4 ? UDP_OVER_IPV4_BYTES : UDP_OVER_IPV6_BYTES)
  const transport = udp(config, outside, { maxFrameBytes })
  return wish === 'udp' ? { transport } : { transport, fallback: tcp(outside) }
}

/** What a server listens to, all at one address. */
export function serverTransports(
  config: Config,
  outside: Outside,
  peerCapacity: number,
): readonly Transport[] {
  const { transport = config.tcp ? 'tcp' : 'udp' } = config.server!
  return [
    ...(transport === 'tcp' ? [] : [udp(config, outside, { peerCapacity })]),
    ...(transport === 'udp' ? [] : [tcp(outside)]),
  ]
}

/** What carries frames, and why that, for the log. */
export function aboutTransports(config: Config, outside: Outside): string {
  const { isServer, server, client } = config
  const wishes = isServer
    ? [server?.transport ?? wishOf({}, config)]
    : client.remotePaths.map((path) => wishOf(path, config))
  return [
    ...(wishes.every((wish) => wish === 'tcp')
      ? []
      : [about(udp(config, outside), udpOffloadNotes(config.offload, outside.pool))]),
    ...(wishes.every((wish) => wish === 'udp') ? [] : [about(tcp(outside))]),
  ].join(', ')
}

function wishOf({ transport }: Pick<RemotePath, 'transport'>, config: Config): 'udp' | 'tcp' | 'auto' {
  return transport ?? (config.tcp ? 'tcp' : 'udp')
}

function about(
  { name, backend, backendReason }: UdpMux | TcpTransport,
  offloads: readonly string[] = [],
): string {
  const mtus = backend === 'dgram' ? ['packets as large as "mtu" says, whatever paths take'] : []
  return `${name} (${backend}: ${[backendReason, ...offloads, ...mtus].join('; ')})`
}

function tcp({ pool, runtime }: Outside): TcpTransport {
  return tcpTransport({ pool, runtime })
}

function udp(
  { offload: { gso, gro }, ecn }: Config,
  { pool, runtime }: Outside,
  options: Pick<UdpMuxOptions, 'maxFrameBytes' | 'peerCapacity'> = {},
): UdpMux {
  return udpMux({ pool, runtime, gso, gro, ecn, dontFragment: true, ...options })
}
