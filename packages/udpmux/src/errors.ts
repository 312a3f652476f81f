import { explainFault } from '@mp/runtime-node'
import type { EndpointFault } from '@mp/runtime-node'

/** What went wrong with a UDP socket, for programs. `MP_UDP_NO_NATIVE`: the native backend was asked for and does not load. */
export type UdpErrorCode = `MP_UDP_${EndpointFault | 'NO_DEVICE_BINDING' | 'NO_MARK' | 'NO_NATIVE'}`

/** A UDP socket that could not be opened. The message is for people; the system's error is the `cause`. */
export class UdpError extends Error {
  override readonly name = 'UdpError'
  readonly code: UdpErrorCode

  constructor(code: UdpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Turns what a failed `action` (`listen at 0.0.0.0:53`) threw into a coded error; one that is coded already passes. */
export function udpError(action: string, error: unknown): UdpError {
  if (error instanceof UdpError) return error
  const { fault, advice } = explainFault(error)
  return new UdpError(`MP_UDP_${fault}`, `cannot ${action} over UDP: ${advice}`, { cause: error })
}
