import { parseAddress, unmapped } from './ip-address.ts'
import { TokenBucket } from './token-bucket.ts'

/** Sources remembered at once. A source that was forgotten begins anew, which costs us one burst. */
const MAX_SOURCES = 4096

/** What each source may do, per second and at once. */
export interface SourceLimits {
  readonly perSecond: number
  readonly burst: number
}

/** A token bucket for each source of which something was heard lately; memory is bounded. */
export class SourceLimiter {
  readonly #limits: SourceLimits
  /** The source that was silent for longest is first. */
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(limits: SourceLimits) {
    this.#limits = limits
  }

  /** Whether the source, written as `host:port`, has something left; if so, takes it. */
  take(source: string, nowMs: number): boolean {
    const network = networkOf(source)
    const bucket = this.#buckets.get(network) ?? new TokenBucket(this.#limits.perSecond, this.#limits.burst)
    this.#buckets.delete(network)
    if (this.#buckets.size >= MAX_SOURCES) {
      const [oldest = ''] = this.#buckets.keys()
      this.#buckets.delete(oldest)
    }
    this.#buckets.set(network, bucket)
    return bucket.take(nowMs)
  }
}

/**
 * What counts as one source: an IPv4 address, or the /64 of an IPv6 address, which is the least a user gets. Of
 * other texts, all in front of the last colon.
 */
function networkOf(source: string): string {
  const host = source.slice(0, Math.max(0, source.lastIndexOf(':'))).replace(/^\[(.*)\]$/, '$1')
  const words = parseAddress(host.replace(/%.*$/, ''))
  if (words === undefined) return host
  const address = unmapped(words)
  return address.length === 1 ? `4:${address.join()}` : `6:${address.slice(0, 2).join()}`
}
