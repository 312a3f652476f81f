import type { FrameSource, Listener, ListenerStats, Runtime, Timer } from '@mp/interface'
import { PeerTracker } from './peer-tracker.ts'
import type { PeerInfo } from './peer-tracker.ts'
import { Port } from './port.ts'
import type { PortOptions } from './port.ts'

/** Receives from many remote addresses on one port. */
export interface UdpListener extends Listener {
  /** Snapshots of the remote addresses it knows. */
  peers(): readonly PeerInfo[]
}

export interface ListenerOptions extends Omit<PortOptions, 'tracker' | 'onLastLink'> {
  readonly runtime: Runtime
  readonly peerIdleMs: number
  readonly onPeer: (source: FrameSource, peer: PeerInfo) => void
  readonly onPeerExpired: (source: FrameSource, peer: PeerInfo) => void
}

/** A port that anyone may send to, and the watch over who does. */
export class UdpPortListener implements UdpListener {
  readonly localAddress: string
  readonly #options: ListenerOptions
  readonly #tracker: PeerTracker
  readonly #port: Port
  /** Runs while peers are known. */
  #sweeping: Timer | undefined
  #closing: Promise<void> | undefined

  constructor(options: ListenerOptions) {
    const { socket, peerIdleMs, onPeer, onPeerExpired } = options
    this.localAddress = socket.localAddress
    this.#options = options
    this.#tracker = new PeerTracker({
      idleMs: peerIdleMs,
      addressOf: (peer) => socket.peerAddress(peer),
      onPeer: (peer) => {
        this.#sweepLater()
        onPeer(this.#port, peer)
      },
      onExpired: (peer) => onPeerExpired(this.#port, peer),
    })
    this.#port = new Port({ ...options, tracker: this.#tracker })
    socket.start(this.#port)
  }

  peers(): readonly PeerInfo[] {
    return this.#tracker.list()
  }

  stats(): ListenerStats {
    const { rxFrames, rxBytes } = this.#port
    return { rxFrames, rxBytes, peers: this.#tracker.size, drops: this.#port.drops() }
  }

  close(): Promise<void> {
    this.#sweeping?.cancel()
    this.#closing ??= this.#port.close()
    return this.#closing
  }

  #sweepLater(): void {
    if (this.#sweeping !== undefined || this.#closing !== undefined) return
    const { runtime, peerIdleMs } = this.#options
    this.#sweeping = runtime.setTimer(runtime.nowMs() + peerIdleMs / 2, () => {
      this.#sweeping = undefined
      this.#tracker.sweep(runtime.nowMs())
      if (this.#tracker.size > 0) this.#sweepLater()
    })
  }
}
