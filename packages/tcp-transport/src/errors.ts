import { explainFault } from '@mp/runtime-node'
import type { EndpointFault } from '@mp/runtime-node'

/**
 * What went wrong with a TCP connection, for programs. `MP_TCP_BAD_LENGTH`: the other end does not speak this framing.
 * `MP_TCP_NO_NATIVE`: the native backend was asked for and does not load.
 */
export type TcpErrorCode =
  `MP_TCP_${EndpointFault | 'NO_DEVICE_BINDING' | 'NO_MARK' | 'NO_NATIVE' | 'BAD_LENGTH'}`

/** A TCP connection that failed. The message is for people; the system's error is the `cause`. */
export class TcpError extends Error {
  override readonly name = 'TcpError'
  readonly code: TcpErrorCode

  constructor(code: TcpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Turns what a failed `action` (`dial [::1]:5000`) threw into a coded error; one that is coded already passes. */
export function tcpError(action: string, error: unknown): TcpError {
  if (error instanceof TcpError) return error
  const { fault, advice } = explainFault(error)
  return new TcpError(`MP_TCP_${fault}`, `cannot ${action} over TCP: ${advice}`, { cause: error })
}
