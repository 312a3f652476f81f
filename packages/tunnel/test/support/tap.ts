import type { FrameHandler, FrameSource, Link, PacketBatch, PacketPool, Transport } from '@mp/interface'
import { FLAG_FRAGMENT, FragmentHeader, FrameCodec, FrameHeader, FrameType, HEADER_BYTES } from '@mp/wire'

/** A frame that passed between a tunnel and its transport. */
export interface Seen {
  readonly header: Readonly<FrameHeader>
  /** Of a piece. */
  readonly fragment: Readonly<FragmentHeader> | undefined
  readonly bytes: Uint8Array
  /** Where a link took it to. */
  readonly remote: string | undefined
  /** Where a link took it from. */
  readonly local: string | undefined
}

/** Listens in on the transports of one end: notes the frames that links take, answers, and those that come in. */
export class Tap {
  readonly sent: Seen[] = []
  readonly received: Seen[] = []
  readonly #pool: PacketPool
  readonly #codec: FrameCodec
  readonly #wrapped = new WeakMap<object, unknown>()

  constructor(pool: PacketPool) {
    this.#pool = pool
    this.#codec = new FrameCodec(pool.arena)
  }

  attach(transport: Transport): Transport {
    return {
      name: transport.name,
      dial: async (endpoint, options) =>
        this.#link(await transport.dial(endpoint, { ...options, handler: this.#handler(options.handler) })),
      listen: (endpoint, handler) => transport.listen(endpoint, this.#handler(handler)),
    }
  }

  #handler(handler: FrameHandler): FrameHandler {
    return {
      onFrames: (batch, source) => {
        for (let row = 0; row < batch.count; row++) this.received.push(this.#look(batch, row))
        handler.onFrames(batch, this.#source(source))
      },
      onWritable: (link) => handler.onWritable(this.#link(link)),
      onUnreachable: (link, code) => handler.onUnreachable(this.#link(link), code),
      onClose: (link, error) => handler.onClose(this.#link(link), error),
    }
  }

  #link(link: Link): Link {
    return this.#once(link, () => {
      const send = (batch: PacketBatch): number => {
        const offered = Array.from({ length: batch.count }, (_, row) => this.#look(batch, row, link))
        const taken = link.send(batch)
        this.sent.push(...offered.slice(0, taken))
        return taken
      }
      const { transport, localAddress, remoteAddress, maxFrameBytes, headerBytes } = link
      const known = { transport, localAddress, remoteAddress, maxFrameBytes, headerBytes }
      return { ...known, send, stats: () => link.stats(), close: () => link.close() }
    })
  }

  #source(source: FrameSource): FrameSource {
    return this.#once(source, () => ({
      link: (peer) => {
        const link = source.link(peer)
        return link === undefined ? undefined : this.#link(link)
      },
      address: (peer) => source.address(peer),
      reply: (batch) => {
        for (let row = 0; row < batch.count; row++) this.sent.push(this.#look(batch, row))
        source.reply(batch)
      },
    }))
  }

  /** The same wrapper for the same object, each time: tunnels tell links and sources apart by identity. */
  #once<T extends object>(inner: T, wrap: () => T): T {
    const known = this.#wrapped.get(inner) as T | undefined
    const wrapper = known ?? wrap()
    if (known === undefined) this.#wrapped.set(inner, wrapper)
    return wrapper
  }

  #look(batch: PacketBatch, row: number, link?: Link): Seen {
    const [offset, lengthBytes] = [batch.offset[row]!, batch.length[row]!]
    const header = new FrameHeader()
    this.#codec.readFrame(offset, lengthBytes, header)
    const isPiece = header.type === FrameType.data && (header.flags & FLAG_FRAGMENT) !== 0
    const fragment = isPiece ? new FragmentHeader() : undefined
    if (fragment) this.#codec.readFragment(offset + HEADER_BYTES, lengthBytes - HEADER_BYTES, fragment)
    const bytes = this.#pool.arena.slice(offset, offset + lengthBytes)
    return { header, fragment, remote: link?.remoteAddress, local: link?.localAddress, bytes }
  }
}

/** The data frames among those seen. */
export const dataFrames = (seen: readonly Seen[]): Seen[] =>
  seen.filter(({ header }) => header.type === FrameType.data)
