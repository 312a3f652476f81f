import { Prober } from '@mp/prober'
import type { ProberEvent, ProberOptions } from '@mp/prober'

/** A prober in the hands of a test, which moves the clock and decides about each reply. */
export class Bench {
  readonly prober: Prober
  readonly sent: { nonce: number; atMs: number }[] = []
  readonly events: ProberEvent[] = []
  nowMs = 0
  #nonce = 0

  constructor(options: Partial<ProberOptions> = {}) {
    this.prober = new Prober({ nextNonce: () => ++this.#nonce, ...options })
    this.prober.start(0)
    this.drain()
  }

  drain(): void {
    for (
      let probe = this.prober.pollTransmit(this.nowMs);
      probe;
      probe = this.prober.pollTransmit(this.nowMs)
    ) {
      this.sent.push({ nonce: probe.nonce, atMs: this.nowMs })
    }
    for (let event = this.prober.pollEvent(); event; event = this.prober.pollEvent()) this.events.push(event)
  }

  reply(nonce: number): string {
    const verdict = this.prober.handleReply(nonce, this.nowMs)
    this.drain()
    return verdict
  }

  /** Moves the clock; probes sent up to then are answered after `rttMs`, or not at all. */
  runTo(untilMs: number, rttMs = Infinity, alsoEach?: () => void): void {
    const pending = this.sent.filter((probe) => probe.atMs + rttMs > this.nowMs).map((probe) => probe.nonce)
    let known = this.sent.length
    for (;;) {
      const first = this.sent.find((probe) => probe.nonce === pending[0])
      const replyMs = first ? first.atMs + rttMs : Infinity
      const nextMs = Math.min(this.prober.pollTimeout(), replyMs)
      if (nextMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, nextMs)
      alsoEach?.()
      if (replyMs <= nextMs) this.reply(pending.shift()!)
      else this.prober.handleTimeout(this.nowMs)
      this.drain()
      for (; known < this.sent.length; known++) pending.push(this.sent[known]!.nonce)
    }
    this.nowMs = untilMs
  }

  sentBetween(fromMs: number, toMs: number): number[] {
    return this.sent.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).map(({ atMs }) => atMs)
  }

  /** Distances of the probes sent between two times, ms. */
  gaps(fromMs: number, toMs: number): number[] {
    const times = this.sentBetween(fromMs, toMs)
    return times.slice(1).map((atMs, i) => atMs - times[i]!)
  }
}

/** The changes of its state. */
export const changes = (bench: Bench): string[] =>
  bench.events.map(({ from, reason, to }) => `${from} ${reason} ${to}`)
