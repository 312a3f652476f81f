/**
 * A transport of one's own, around another one: no link sends more than so many bytes a second. What exceeds it is left
 * to the caller, who is told when to go on.
 */
import type {
  DialOptions,
  FrameHandler,
  FrameSource,
  Link,
  LinkStats,
  PacketBatch,
  Runtime,
  Timer,
  Transport,
} from '@mp/interface'

export interface ThrottleOptions {
  readonly runtime: Runtime
  /** What each link may send, bytes per second, > 0. */
  readonly bytesPerSecond: number
}

/** Links of `inner`, none of which is faster than `options` say. */
export function throttledTransport(inner: Transport, options: ThrottleOptions): Transport {
  return {
    name: inner.name,
    dial: async (endpoint: string, dial: DialOptions): Promise<Link> => {
      const handler = new ThrottledHandler(dial.handler, options)
      return handler.wrap(await inner.dial(endpoint, { ...dial, handler }))
    },
    listen: (endpoint, handler) => inner.listen(endpoint, new ThrottledHandler(handler, options)),
  }
}

/** Stands between the links below and the handler above, who must see only our links. */
class ThrottledHandler implements FrameHandler {
  readonly options: ThrottleOptions
  readonly above: FrameHandler
  readonly #links = new Map<Link, ThrottledLink>()
  readonly #sources = new WeakMap<FrameSource, FrameSource>()

  constructor(above: FrameHandler, options: ThrottleOptions) {
    this.above = above
    this.options = options
  }

  wrap(below: Link): Link {
    const link = new ThrottledLink(below, this)
    this.#links.set(below, link)
    return link
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    this.above.onFrames(batch, this.#wrapSource(source))
  }

  onWritable(below: Link): void {
    this.#links.get(below)?.resume()
  }

  onUnreachable(below: Link, code: string): void {
    const link = this.#links.get(below)
    if (link !== undefined) this.above.onUnreachable(link, code)
  }

  onClose(below: Link, error?: Error): void {
    const link = this.#links.get(below)
    if (link === undefined) return
    this.#links.delete(below)
    link.stop()
    this.above.onClose(link, error)
  }

  /** The same source for the same source, so that the handler may compare them. */
  #wrapSource(below: FrameSource): FrameSource {
    const known = this.#sources.get(below)
    if (known !== undefined) return known
    const source: FrameSource = {
      link: (peer) => {
        const link = below.link(peer)
        return link && this.wrap(link)
      },
      address: (peer) => below.address(peer),
      reply: (batch) => below.reply(batch),
    }
    this.#sources.set(below, source)
    return source
  }
}

class ThrottledLink implements Link {
  readonly transport: string
  readonly localAddress: string
  readonly remoteAddress: string
  readonly maxFrameBytes: number
  readonly headerBytes: number | undefined
  readonly #below: Link
  readonly #owner: ThrottledHandler
  /** Until then what was sent has used up the rate. */
  #freeAtMs = 0
  #hasLeftSome = false
  #timer: Timer | undefined

  constructor(below: Link, owner: ThrottledHandler) {
    this.#below = below
    this.#owner = owner
    this.transport = below.transport
    this.localAddress = below.localAddress
    this.remoteAddress = below.remoteAddress
    this.maxFrameBytes = below.maxFrameBytes
    this.headerBytes = below.headerBytes
  }

  /** Takes a whole batch and pays for it afterwards: frames in between need not be counted. */
  send(batch: PacketBatch): number {
    const { runtime, bytesPerSecond } = this.#owner.options
    const nowMs = runtime.nowMs()
    const before = this.#below.stats().txBytes
    const taken = nowMs < this.#freeAtMs ? 0 : this.#below.send(batch)
    const sentBytes = this.#below.stats().txBytes - before
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + (1000 * sentBytes) / bytesPerSecond
    this.#hasLeftSome = batch.count > 0
    // Where the link below is the one that is full, it says itself when it is not.
    if (this.#hasLeftSome && nowMs < this.#freeAtMs) this.resume()
    return taken
  }

  /** Says that the link takes more, as soon as the rate allows it. */
  resume(): void {
    this.stop()
    this.#timer = this.#owner.options.runtime.setTimer(this.#freeAtMs, () => {
      if (this.#hasLeftSome) this.#owner.above.onWritable(this)
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }

  stats(): LinkStats {
    return this.#below.stats()
  }

  close(): void {
    this.stop()
    this.#below.close()
  }
}
