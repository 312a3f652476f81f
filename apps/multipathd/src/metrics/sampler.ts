import type { Runtime, Timer } from '@mp/interface'
import type { Family, Histogram, Registry } from '@mp/metrics'
import type { TunnelStats } from '@mp/tunnel'
import { pathsOf, toldSessions } from './scrape.ts'
import type { PathOfPeer } from './scrape.ts'

type PathHistogram = Family<Histogram, 'peer' | 'path'>

const SAMPLE_MS = 1000
/** Nobody scraped for so long, ms: nobody looks at histograms. */
const IDLE_MS = 5 * 60_000

const RTT_BOUNDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2]
const DELAY_BOUNDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1]

export interface SamplerParts {
  readonly registry: Registry
  readonly runtime: Pick<Runtime, 'nowMs' | 'setTimer'>
  readonly stats: () => TunnelStats
}

/** Fills the histograms with a sample of each path a second, for as long as somebody scrapes. */
export class Sampler {
  readonly #parts: SamplerParts
  readonly #rtt: PathHistogram
  readonly #queueDelay: PathHistogram
  readonly #loopDelay: Histogram
  /** Paths that have series, by peer and name. */
  #known = new Map<string, PathOfPeer>()
  #timer: Timer | undefined
  #scrapedMs = 0

  constructor(parts: SamplerParts) {
    const { registry } = parts
    const labels = ['peer', 'path'] as const
    this.#parts = parts
    this.#rtt = registry.histogram({
      name: 'multipathd_path_rtt_seconds',
      help: 'Round trip of the last probe, looked at once a second.',
      labels,
      bounds: RTT_BOUNDS,
    })
    this.#queueDelay = registry.histogram({
      name: 'multipathd_path_queue_delay_seconds',
      help: 'What queues on the way add to the round trip, looked at once a second.',
      labels,
      bounds: DELAY_BOUNDS,
    })
    this.#loopDelay = registry
      .histogram({
        name: 'multipathd_event_loop_delay_seconds',
        help: 'How late a timer came that was due, once a second: so long other work took.',
        bounds: DELAY_BOUNDS,
      })
      .with({})
  }

  /** Somebody scrapes: sampling begins, or goes on. */
  touch(): void {
    this.#scrapedMs = this.#parts.runtime.nowMs()
    if (this.#timer !== undefined) return
    this.#sample()
    this.#wait()
  }

  close(): void {
    this.#timer?.cancel()
  }

  #wait(): void {
    const { runtime } = this.#parts
    const dueMs = runtime.nowMs() + SAMPLE_MS
    this.#timer = runtime.setTimer(dueMs, () => {
      const nowMs = runtime.nowMs()
      this.#loopDelay.observe(Math.max(0, nowMs - dueMs) / 1000)
      this.#timer = undefined
      if (nowMs - this.#scrapedMs > IDLE_MS) return
      this.#sample()
      this.#wait()
    })
  }

  #sample(): void {
    const before = this.#known
    this.#known = new Map()
    for (const each of pathsOf({ sessions: toldSessions(this.#parts.stats().sessions) })) {
      const { peer, path } = each
      const labels = { peer, path: path.name }
      const { rttMs, state } = path.prober
      // The last round trip of a lost path says nothing of now.
      if (rttMs !== undefined && state !== 'lost') this.#rtt.with(labels).observe(rttMs / 1000)
      if (path.bonding !== undefined) this.#queueDelay.with(labels).observe(path.bonding.queueDelayMs / 1000)
      const key = JSON.stringify(labels)
      before.delete(key)
      this.#known.set(key, each)
    }
    for (const { peer, path } of before.values()) {
      this.#rtt.remove({ peer, path: path.name })
      this.#queueDelay.remove({ peer, path: path.name })
    }
  }
}
