import type { Socket } from 'node:net'
import type {
  FrameStream,
  FrameStreamHandler,
  FrameStreamStats,
  PacketBatch,
  PacketPool,
} from '@mp/interface'
import { formatEndpoint } from '@mp/runtime-node'
import type { StreamOptions } from './backend.ts'
import { TcpError } from './errors.ts'
import { FrameDecoder, FrameEncoder } from './framing.ts'
import type { FrameDecoderDrops } from './framing.ts'

/** Frames over a socket of node:net, which is connected and paused: works everywhere, with a copy of each frame. */
export class NetStream implements FrameStream {
  readonly localAddress: string
  readonly remoteAddress: string
  readonly #socket: Socket
  readonly #pool: PacketPool
  readonly #highWaterBytes: number
  readonly #decoder: FrameDecoder
  readonly #encoder: FrameEncoder
  readonly #received: PacketBatch
  readonly #drops: FrameDecoderDrops = { 'pool-empty': 0, 'bad-length': 0, 'cut-off': 0 }
  readonly #flushed = (): void => this.#drained()
  #handler: FrameStreamHandler | undefined
  #rxFrames = 0
  #rxBytes = 0
  #isBlocked = false
  #isEnding = false
  #error: Error | undefined

  constructor(socket: Socket, { pool, maxFrameBytes, batchSize, highWaterBytes }: StreamOptions) {
    this.localAddress = formatEndpoint(socket.localAddress ?? '', socket.localPort ?? 0)
    this.remoteAddress = formatEndpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0)
    this.#socket = socket
    this.#pool = pool
    this.#highWaterBytes = highWaterBytes
    this.#received = pool.createBatch(batchSize)
    this.#decoder = new FrameDecoder({ pool, maxFrameBytes, drops: this.#drops })
    this.#encoder = new FrameEncoder(pool, maxFrameBytes)
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', () => this.#ended())
    // The other end closed its half: there is nobody to send to any more.
    socket.on('end', () => socket.destroy())
  }

  start(handler: FrameStreamHandler): void {
    this.#handler = handler
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk))
    // Closed before there was anybody to tell.
    if (this.#socket.closed) queueMicrotask(() => handler.onClose(this.#error))
    else this.#socket.resume()
  }

  send(batch: PacketBatch): number {
    if (this.#isEnding || this.#socket.destroyed) return 0
    const { count, length } = batch
    const roomBytes = this.#highWaterBytes - this.#socket.writableLength
    let taken = 0
    for (let bytes = 0; taken < count && bytes < roomBytes; taken++) bytes += length[taken]!
    const stream = this.#encoder.encode(batch, taken)
    for (let row = 0; row < taken; row++) this.#pool.release(batch.slot[row]!)
    batch.dropFront(taken)
    if (stream.length > 0) this.#socket.write(stream, this.#flushed)
    if (batch.count > 0) this.#isBlocked = true
    return taken
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  stats(): FrameStreamStats {
    const backlogBytes = this.#socket.writableLength
    return { rxFrames: this.#rxFrames, rxBytes: this.#rxBytes, backlogBytes, drops: { ...this.#drops } }
  }

  #read(chunk: Buffer): void {
    const batch = this.#received
    let at = 0
    while (at >= 0 && at < chunk.length) {
      at = this.#decoder.decode(chunk, at, batch)
      if (batch.count === 0) continue
      this.#rxFrames += batch.count
      this.#rxBytes += batch.sumOfLengths()
      this.#handler!.onFrames(batch)
      batch.count = 0
    }
    if (at < 0) this.#socket.destroy(new TcpError('MP_TCP_BAD_LENGTH', 'a length that cannot be'))
  }

  /** A write reached the system. Half of the backlog must be gone, so that nobody is woken for every frame. */
  #drained(): void {
    if (!this.#isBlocked || this.#isEnding || this.#socket.destroyed) return
    if (this.#socket.writableLength > this.#highWaterBytes / 2) return
    this.#isBlocked = false
    this.#handler?.onWritable()
  }

  #ended(): void {
    this.#isEnding = true
    this.#decoder.close()
    this.#handler?.onClose(this.#error)
  }
}
