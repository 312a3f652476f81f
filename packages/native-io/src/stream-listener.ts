import type { FrameStream, PacketPool } from '@mp/interface'
import { parseAddress } from './address.ts'
import type { Binding, Handle, TcpListenerConfig } from './binding.ts'
import { NativeIoError, errorName, opening } from './errors.ts'
import { COUNTERS, READABLE, STATE_WORDS } from './layout.ts'
import { NativeStream, checkedSizes, streamAdvice } from './stream.ts'
import type { NativeStreamOptions } from './stream.ts'

/** Where streams come in, and who takes them. */
export interface NativeListenOptions extends NativeStreamOptions {
  /** `ip:port` or `[ip]:port`. */
  readonly local: string
  /** Takes a stream that came in, to start it or to destroy it. */
  onStream(stream: FrameStream): void
  /** A connection could not be handed over, for want of descriptors or memory. Others follow. */
  onFailure(error: NativeIoError): void
}

/** Accepts streams until it is closed. Those accepted live on. */
export interface NativeStreamListener {
  /** `ip:port`, with the real port. */
  readonly localAddress: string
  close(): void
}

/** Connections accepted in one wake-up: others get their turn in between. */
const MAX_ACCEPTS = 64
/** After a failure the system is asked again this much later, ms. */
const RETRY_MS = 100
const EAGAIN = 'EAGAIN'
/** Of a batch with one row, the least there is. */
const BATCH_COLUMNS = 8

class StreamListener implements NativeStreamListener {
  readonly localAddress: string
  readonly #binding: Binding
  readonly #options: NativeListenOptions
  readonly #handle: Handle
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(binding: Binding, options: NativeListenOptions) {
    const { host, port } = parseAddress(options.local)
    // Now, and not when the first connection comes: nobody could handle it there.
    checkedSizes(options)
    const config: TcpListenerConfig = {
      ...memoryOf(options.pool),
      localIp: host,
      localPort: port,
      localAddress: '',
      onReady: (events) => {
        if ((events & READABLE) !== 0) this.#accept()
      },
    }
    this.#handle = opening(`TCP port at ${options.local}`, streamAdvice, () => binding.listenTcp(config))
    this.#binding = binding
    this.#options = options
    this.localAddress = config.localAddress
    binding.start(this.#handle)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#retry)
    this.#binding.close(this.#handle)
  }

  #accept(): void {
    for (let accepted = 0; accepted < MAX_ACCEPTS && !this.#closed; accepted++) {
      const fd = this.#binding.acceptTcp(this.#handle)
      if (fd < 0) return this.#pause(errorName(-fd))
      try {
        this.#take(fd)
      } catch (error) {
        if (!(error instanceof NativeIoError)) throw error
        this.#options.onFailure(error)
      }
    }
  }

  #take(fd: number): void {
    const options = this.#options
    const stream = new NativeStream(this.#binding, {
      target: { fd },
      options,
      onConnected: (error) => {
        if (error === undefined) options.onStream(stream)
      },
    })
  }

  #pause(code: string): void {
    if (code === EAGAIN) return
    this.#options.onFailure(new NativeIoError(code, 'accept', `a connection could not be accepted: ${code}`))
    this.#retry = setTimeout(() => this.#binding.start(this.#handle), RETRY_MS)
  }
}

/** A listener receives no packets: it has the memory every handle has, and no more. */
function memoryOf({ arena }: PacketPool) {
  return {
    arena,
    table: new Int32Array(BATCH_COLUMNS),
    counters: new Float64Array(COUNTERS),
    state: new Int32Array(STATE_WORDS),
  }
}

/** Listens. Throws TypeError or RangeError for wrong options, else {@link NativeIoError}. */
export function listenForStreams(binding: Binding, options: NativeListenOptions): NativeStreamListener {
  return new StreamListener(binding, options)
}
