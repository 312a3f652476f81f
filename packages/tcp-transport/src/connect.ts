import { connect } from 'node:net'
import type { ServerOpts, Socket } from 'node:net'
import type { Runtime } from '@mp/interface'
import { formatEndpoint } from '@mp/runtime-node'
import { TcpError, tcpError } from './errors.ts'

/** Silence after which the kernel asks whether the other end is still there, ms. */
const KEEP_ALIVE_MS = 10_000
/** For dialed and accepted sockets alike. */
export const SOCKET_OPTIONS: Readonly<Pick<ServerOpts, 'noDelay' | 'keepAlive' | 'keepAliveInitialDelay'>> = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: KEEP_ALIVE_MS,
}

export interface ConnectOptions {
  readonly host: string
  readonly port: number
  /** 4, 6, or 0 for both. */
  readonly family: number
  readonly localAddress?: string
  readonly timeoutMs: number
  readonly runtime: Runtime
}

/** Connects once. Rejects with a {@link TcpError}, and then nothing is left open. */
export function connectSocket({ timeoutMs, runtime, ...target }: ConnectOptions): Promise<Socket> {
  const endpoint = formatEndpoint(target.host, target.port)
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target, ...SOCKET_OPTIONS })
    const timer = runtime.setTimer(runtime.nowMs() + timeoutMs, () => {
      const advice = 'check the address, the line and the firewall'
      socket.destroy(
        new TcpError(
          'MP_TCP_TIMEOUT',
          `cannot dial ${endpoint} over TCP: no answer within ${timeoutMs} ms; ${advice}`,
        ),
      )
    })
    const fail = (error: Error): void => {
      timer.cancel()
      reject(tcpError(`dial ${endpoint}`, firstCause(error)))
    }
    socket.once('error', fail)
    socket.once('connect', () => {
      timer.cancel()
      socket.removeListener('error', fail)
      resolve(socket)
    })
  })
}

/** A name with several addresses fails with one error for each: the first tells best. */
function firstCause(error: Error): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
}
