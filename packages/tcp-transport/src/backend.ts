import type { FrameStream, PacketPool } from '@mp/interface'
import { loadNativeIo } from '@mp/native-io'
import type { NativeIo } from '@mp/native-io'
import { formatEndpoint } from '@mp/runtime-node'
import { TcpError } from './errors.ts'
import { connectSocket, listenForSockets } from './net-backend.ts'

/** What all streams of a transport have in common. */
export interface StreamOptions {
  readonly pool: PacketPool
  readonly maxFrameBytes: number
  readonly batchSize: number
  /** Unsent bytes from which on a stream of node:net is full. */
  readonly highWaterBytes: number
}

/** Where to connect to, once. */
export interface Target {
  /** IP address. */
  readonly host: string
  readonly port: number
  readonly localAddress: string | undefined
  readonly device: string | undefined
  readonly mark: number | undefined
  /** Ends the attempt, with its reason. */
  readonly signal: AbortSignal
}

/** Who takes what a port accepts. */
export interface Acceptor {
  onStream(stream: FrameStream): void
  /** A connection could not be handed over. */
  onFailure(): void
}

export interface OpenPort {
  readonly localAddress: string
  /** Accepts no more. What was accepted lives on. */
  close(): Promise<void>
}

/** What opens streams, and why that. All failures are what the system says. */
export interface Backend {
  readonly name: 'native' | 'net'
  /** A sentence for status output. */
  readonly reason: string
  connect(target: Target, options: StreamOptions): Promise<FrameStream>
  listen(
    at: { readonly host: string; readonly port: number },
    options: StreamOptions & Acceptor,
  ): Promise<OpenPort>
}

/**
 * Chooses the streams. `auto` takes the native ones where they load, else node:net.
 * Throws {@link TcpError} `MP_TCP_NO_NATIVE` when `native` is asked for and does not load.
 */
export function chooseBackend(wish: 'native' | 'net' | 'auto'): Backend {
  if (wish === 'net') return netBackend('asked for')
  const native = loadNativeIo()
  if (native.io !== undefined)
    return nativeBackend(native.io, wish === 'native' ? 'asked for' : 'the native addon loads')
  if (wish === 'auto') return netBackend(native.reason)
  throw new TcpError('MP_TCP_NO_NATIVE', `the native TCP backend does not load: ${native.reason}`)
}

function netBackend(reason: string): Backend {
  return { name: 'net', reason, connect: connectSocket, listen: listenForSockets }
}

function nativeBackend(io: NativeIo, reason: string): Backend {
  return {
    name: 'native',
    reason,
    connect: ({ host, port, localAddress, device, mark, signal }, options) =>
      io.connectStream({
        ...options,
        remote: formatEndpoint(host, port),
        ...(localAddress !== undefined && { localAddress }),
        ...(device !== undefined && { device }),
        ...(mark !== undefined && { mark }),
        signal,
      }),
    listen: async ({ host, port }, options) => {
      const listener = io.listenForStreams({ ...options, local: formatEndpoint(host, port) })
      return { localAddress: listener.localAddress, close: async () => listener.close() }
    },
  }
}
