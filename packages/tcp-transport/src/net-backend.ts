import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, ServerOpts, Socket } from 'node:net'
import type { FrameStream } from '@mp/interface'
import { formatEndpoint } from '@mp/runtime-node'
import type { Acceptor, OpenPort, StreamOptions, Target } from './backend.ts'
import { TcpError } from './errors.ts'
import { NetStream } from './net-stream.ts'

/** Silence after which the kernel asks whether the other end is still there, ms. */
const KEEP_ALIVE_MS = 10_000
/** For dialed and accepted sockets alike. They are read once there is a handler. */
const SOCKET_OPTIONS: Readonly<ServerOpts> = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
  pauseOnConnect: true,
}

/** Connects once. When it rejects, nothing is left open. */
export function connectSocket(target: Target, options: StreamOptions): Promise<FrameStream> {
  const { host, port, localAddress, signal } = target
  return new Promise((resolve, reject) => {
    checkPossible(target)
    signal.throwIfAborted()
    const socket: Socket = connect({
      host,
      port,
      ...(localAddress !== undefined && { localAddress }),
      ...SOCKET_OPTIONS,
    })
    const abort = (): void => void socket.destroy(signal.reason as Error)
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort)
      reject(error)
    }
    signal.addEventListener('abort', abort)
    socket.pause()
    socket.once('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort)
      socket.removeListener('error', fail)
      resolve(new NetStream(socket, options))
    })
  })
}

/** Accepts connections until it is closed. */
export async function listenForSockets(
  at: { readonly host: string; readonly port: number },
  options: StreamOptions & Acceptor,
): Promise<OpenPort> {
  const server = createServer(SOCKET_OPTIONS, (socket) => options.onStream(new NetStream(socket, options)))
  const ready = once(server, 'listening')
  server.listen(at)
  await ready
  // A connection that the system could not hand over, for want of descriptors or memory. Others follow.
  server.on('error', () => options.onFailure())
  const { address, port } = server.address() as AddressInfo
  return {
    localAddress: formatEndpoint(address, port),
    close: async () => {
      // Without waiting for the connections.
      server.close()
    },
  }
}

function checkPossible({ host, port, device, mark }: Target): void {
  const endpoint = formatEndpoint(host, port)
  if (device !== undefined) {
    throw new TcpError(
      'MP_TCP_NO_DEVICE_BINDING',
      `cannot dial ${endpoint} through device ${device}: node:net cannot do that; use the native backend or a local address`,
    )
  }
  if (mark !== undefined) {
    throw new TcpError(
      'MP_TCP_NO_MARK',
      `cannot dial ${endpoint} with mark ${mark}: node:net cannot do that; use the native backend`,
    )
  }
}
