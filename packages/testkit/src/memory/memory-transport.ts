import type { DialOptions, FrameHandler, Link, Listener, ListenerStats, Transport } from '@mp/interface'
import { hostOfIp, NetworkError, parseAddress } from './address.ts'
import { Carrier } from './carrier.ts'
import type { MemoryNetwork } from './memory-network.ts'
import type { MemorySocketOptions } from './memory-socket.ts'

/** What a memory transport is like; the rest is as for its sockets. */
export interface MemoryTransportOptions extends MemorySocketOptions {
  /** Host to dial from when the caller names none. Default `127.0.0.1`. */
  readonly host?: string
}

/**
 * A transport with the manners of UDP over a {@link MemoryNetwork}: frames may be lost, doubled and reordered, and
 * dialing succeeds whether somebody listens or not. `device` and `timeoutMs` have no meaning here.
 */
export function memoryTransport(network: MemoryNetwork, options: MemoryTransportOptions): Transport {
  const { pool, host = '127.0.0.1' } = options
  return {
    name: 'memory',
    // Async, so that a malformed address rejects and does not throw.
    dial: async (endpoint: string, { handler, localAddress = host }: DialOptions): Promise<Link> => {
      const { port } = parseAddress(endpoint)
      if (port === 0) throw new NetworkError('EINVAL', `cannot dial port 0 of "${endpoint}"`)
      const socket = network.open(`${hostOfIp(localAddress)}:0`, options)
      socket.connect(endpoint)
      return new Carrier(socket, { pool, handler, dialed: true }).link(socket.peer(endpoint)) as Link
    },
    // As above.
    listen: async (endpoint: string, handler: FrameHandler): Promise<Listener> =>
      listenerOf(new Carrier(network.open(endpoint, options), { pool, handler, dialed: false })),
  }
}

function listenerOf(carrier: Carrier): Listener {
  const { socket } = carrier
  return {
    localAddress: socket.localAddress,
    stats: (): ListenerStats => {
      const { rxPackets, rxBytes, peers, drops } = socket.stats()
      return { rxFrames: rxPackets, rxBytes, peers, drops }
    },
    close: () => carrier.close(),
  }
}
