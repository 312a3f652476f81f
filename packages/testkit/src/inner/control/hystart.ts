import type { AckSample } from './congestion-control.ts'

const LOW_WINDOW_PACKETS = 16
const MIN_SAMPLES = 8
const MIN_RISE_MS = 4
const MAX_RISE_MS = 16
/** Acknowledgements closer than this belong to one train, ms. */
const TRAIN_SPACING_MS = 2

/**
 * Ends slow start before it loses packets: when the acknowledgements of one flight are as long on their way as half a
 * round trip, or when the round trip has become longer. S. Ha and I. Rhee, "Taming the elephants: new TCP slow
 * start", Computer Networks 55 (2011), with the thresholds that Linux uses.
 */
export class HyStart {
  #minRttMs = Infinity
  #roundRttMs = Infinity
  #samples = 0
  #roundStartMs = 0
  #lastAckMs = 0

  /** @returns whether slow start should end. */
  check({ nowMs, rttMs, isRoundStart }: AckSample, cwndPackets: number): boolean {
    if (rttMs < 0) return false
    this.#minRttMs = Math.min(this.#minRttMs, rttMs)
    if (isRoundStart) this.#beginRound(nowMs)
    if (cwndPackets < LOW_WINDOW_PACKETS) return false
    return this.#isTrainLong(nowMs) || this.#isDelayUp(rttMs)
  }

  #beginRound(nowMs: number): void {
    this.#roundStartMs = nowMs
    this.#lastAckMs = nowMs
    this.#roundRttMs = Infinity
    this.#samples = 0
  }

  #isTrainLong(nowMs: number): boolean {
    if (nowMs - this.#lastAckMs > TRAIN_SPACING_MS) return false
    this.#lastAckMs = nowMs
    return nowMs - this.#roundStartMs > this.#minRttMs / 2
  }

  #isDelayUp(rttMs: number): boolean {
    this.#roundRttMs = Math.min(this.#roundRttMs, rttMs)
    if (this.#samples++ < MIN_SAMPLES) return false
    const riseMs = Math.min(MAX_RISE_MS, Math.max(MIN_RISE_MS, this.#minRttMs / 8))
    return this.#roundRttMs > this.#minRttMs + riseMs
  }
}
