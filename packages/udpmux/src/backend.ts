import { loadNativeIo } from '@mp/native-io'
import { dgramSocket } from './dgram-socket.ts'
import { UdpError } from './errors.ts'
import type { SocketFactory } from './socket-options.ts'

/** Which sockets a mux uses, and why. */
export interface Backend {
  /** `native`, `dgram` or `custom`. */
  readonly name: string
  /** A sentence for status output. */
  readonly reason: string
  readonly openSocket: SocketFactory
}

/**
 * Chooses the sockets. `auto` takes the native ones where they load, else node:dgram, which neither learns nor says
 * which local address a datagram has: bound to all of them it may answer from another than it was asked at.
 * Throws {@link UdpError} `MP_UDP_NO_NATIVE` when `native` is asked for and does not load.
 */
export function chooseBackend(wish: 'native' | 'dgram' | 'auto', custom: SocketFactory | undefined): Backend {
  if (custom !== undefined)
    return { name: 'custom', reason: 'the caller gave a socketFactory', openSocket: custom }
  if (wish === 'dgram') return { name: 'dgram', reason: 'asked for', openSocket: dgramSocket }
  const native = loadNativeIo()
  if (native.io !== undefined) {
    const reason = wish === 'native' ? 'asked for' : 'the native addon loads'
    return { name: 'native', reason, openSocket: (options) => native.io.openSocket(options) }
  }
  if (wish === 'native') {
    throw new UdpError('MP_UDP_NO_NATIVE', `the native UDP backend does not load: ${native.reason}`)
  }
  return { name: 'dgram', reason: native.reason, openSocket: dgramSocket }
}

/** Opens a UDP socket: a native one where the addon loads, else one of node:dgram. */
export const udpSocket: SocketFactory = (options) => chooseBackend('auto', undefined).openSocket(options)
