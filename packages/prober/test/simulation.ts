import { Prober, PROBER_STATE_VALUES } from '@mp/prober'
import type { ProberEvent, ProberOptions } from '@mp/prober'
import { seededRandom } from '@mp/testkit'
import type { Random } from '@mp/testkit'

/** What the emulated path does to a probe sent at `nowMs`: the RTT of its reply, or undefined when it is lost. */
export type PathModel = (nowMs: number, random: Random) => number | undefined

export interface Scenario {
  readonly path: PathModel
  readonly untilMs: number
  readonly seed: number
  /** Traffic flows all the time. Default true. */
  readonly active?: boolean
  readonly sole?: boolean
  readonly options?: Omit<ProberOptions, 'nextNonce'>
  /** Called after each step with everything drained. */
  readonly onStep?: (prober: Prober, nowMs: number) => void
}

export interface Trace {
  readonly prober: Prober
  readonly events: ProberEvent[]
  readonly sentMs: number[]
  /** When replies arrived. */
  readonly repliedMs: number[]
  /** FNV-1a over all of it. */
  readonly hash: number
}

/** A path that answers after `rttMs`, plus up to `jitterMs`, and loses a share of the probes. */
export const steady =
  (rttMs: number, lossRatio = 0, jitterMs = 0): PathModel =>
  (_, random) =>
    random() < lossRatio ? undefined : rttMs + jitterMs * random()

/** `path`, but dead from `fromMs` to `toMs`. */
export const cut =
  (path: PathModel, fromMs: number, toMs: number): PathModel =>
  (nowMs, random) =>
    nowMs >= fromMs && nowMs < toMs ? undefined : path(nowMs, random)

/** FNV-1a over the bits of numbers. */
class TraceHash {
  value = 0x811c9dc5
  readonly #number = new Float64Array(1)
  readonly #words = new Int32Array(this.#number.buffer)

  add(number: number): this {
    this.#number[0] = number
    for (const word of this.#words) this.value = Math.imul(this.value ^ word, 0x01000193) >>> 0
    return this
  }
}

/** Runs one prober over an emulated path in virtual time. */
export function simulate(scenario: Scenario): Trace {
  const random = seededRandom(scenario.seed)
  const prober = new Prober({ ...scenario.options, nextNonce: () => random() * 2 ** 32 })
  if (scenario.sole) prober.setSolePath(true)
  const replies: { nonce: number; atMs: number }[] = []
  const trace = { events: [] as ProberEvent[], sentMs: [] as number[], repliedMs: [] as number[] }
  const hash = new TraceHash()

  const drain = (nowMs: number): void => {
    for (let probe = prober.pollTransmit(nowMs); probe; probe = prober.pollTransmit(nowMs)) {
      trace.sentMs.push(nowMs)
      hash.add(probe.nonce).add(nowMs)
      if (scenario.active ?? true) prober.handleActivity(nowMs)
      const rttMs = scenario.path(nowMs, random)
      if (rttMs === undefined) continue
      replies.push({ nonce: probe.nonce, atMs: nowMs + rttMs })
      replies.sort((a, b) => a.atMs - b.atMs)
    }
    for (let event = prober.pollEvent(); event; event = prober.pollEvent()) {
      trace.events.push(event)
      hash.add(PROBER_STATE_VALUES[event.to]).add(event.atMs)
    }
    scenario.onStep?.(prober, nowMs)
  }

  prober.start(0)
  for (let nowMs = 0; nowMs < scenario.untilMs;) {
    const reply = replies[0]
    if (reply && reply.atMs <= nowMs) {
      replies.shift()
      prober.handleReply(reply.nonce, nowMs)
      hash.add(nowMs)
      trace.repliedMs.push(nowMs)
    } else {
      prober.handleTimeout(nowMs)
    }
    drain(nowMs)
    nowMs = Math.max(nowMs, Math.min(prober.pollTimeout(), replies[0]?.atMs ?? Infinity))
  }
  return { prober, ...trace, hash: hash.value }
}
