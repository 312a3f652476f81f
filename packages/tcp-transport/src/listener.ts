import type { FrameStream, Listener, ListenerStats } from '@mp/interface'
import type { Backend, OpenPort, StreamOptions } from './backend.ts'
import { TcpConnection } from './connection.ts'
import type { ConnectionOptions } from './connection.ts'
import { addDrops } from './drops.ts'

/** Peers are numbers of 31 bits in a batch. */
const PEER_MASK = 0x7fff_ffff

export interface ListenOptions extends ConnectionOptions, StreamOptions {
  readonly maxConnections: number
}

/** Accepts connections at one address. */
export class TcpListener implements Listener {
  readonly #options: ListenOptions
  readonly #connections = new Set<TcpConnection>()
  /** What connections counted that are gone. */
  readonly #past = { rxFrames: 0, rxBytes: 0, repliesRefused: 0, drops: {} as Record<string, number> }
  /** Never used twice, so that a peer that comes back is seen to be another connection. */
  #nextPeer = 0
  #refused = 0
  #failed = 0
  #port: OpenPort | undefined
  /** Ends a {@link close} that waits for connections. */
  #onAllGone: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: ListenOptions) {
    this.#options = options
  }

  /** Listens at an IP address. Rejects with what the system says. */
  async open(backend: Backend, at: { readonly host: string; readonly port: number }): Promise<void> {
    this.#port = await backend.listen(at, {
      ...this.#options,
      onStream: (stream) => this.#accept(stream),
      onFailure: () => this.#failed++,
    })
  }

  get localAddress(): string {
    return this.#port?.localAddress ?? ''
  }

  stats(): ListenerStats {
    const sum = { ...this.#past, drops: { ...this.#past.drops } }
    for (const connection of this.#connections) addConnection(sum, connection)
    const { rxFrames, rxBytes, repliesRefused, drops } = sum
    return {
      rxFrames,
      rxBytes,
      peers: this.#connections.size,
      drops: {
        ...drops,
        'reply-refused': repliesRefused,
        'connection-limit': this.#refused,
        'accept-failed': this.#failed,
      },
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#port?.close()
    for (const connection of this.#connections) connection.end()
    if (this.#connections.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onAllGone = resolve
    })
  }

  #accept(stream: FrameStream): void {
    if (this.#closing !== undefined) return stream.destroy()
    if (this.#connections.size >= this.#options.maxConnections) {
      this.#refused++
      return stream.destroy()
    }
    const connection: TcpConnection = new TcpConnection(this.#options, {
      stream,
      peer: this.#nextPeer,
      isDialed: false,
      onEnd: () => this.#forget(connection),
    })
    this.#nextPeer = (this.#nextPeer + 1) & PEER_MASK
    this.#connections.add(connection)
    connection.start()
  }

  #forget(connection: TcpConnection): void {
    this.#connections.delete(connection)
    addConnection(this.#past, connection)
    if (this.#connections.size === 0) this.#onAllGone?.()
  }
}

function addConnection(
  sum: { rxFrames: number; rxBytes: number; repliesRefused: number; drops: Record<string, number> },
  { stream, repliesRefused }: TcpConnection,
): void {
  const { rxFrames, rxBytes, drops } = stream.stats()
  sum.rxFrames += rxFrames
  sum.rxBytes += rxBytes
  sum.repliesRefused += repliesRefused
  addDrops(sum.drops, drops)
}
