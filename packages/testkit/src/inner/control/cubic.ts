import { INITIAL_WINDOW_PACKETS, type AckSample, type CongestionControl } from './congestion-control.ts'
import { HyStart } from './hystart.ts'
import { RateReduction } from './prr.ts'

const BETA = 0.7
/** Growth in packets per s³. */
const C = 0.4
const MIN_WINDOW_PACKETS = 2
/** Growth of the window that plain TCP with this {@link BETA} would have, packets per window (RFC 9438, 4.3). */
const RENO_GROWTH = (3 * (1 - BETA)) / (1 + BETA)
/** As long as no loss was seen, the window grows by at least one packet for so many acknowledged. */
const FIRST_GROWTH_PACKETS = 20

/** CUBIC (RFC 9438) with {@link HyStart} and {@link RateReduction}, as Linux has it. */
export class Cubic implements CongestionControl {
  readonly name: string = 'cubic'
  readonly pacing: number = Infinity
  readonly #hystart = new HyStart()
  readonly #reduction = new RateReduction()
  cwndPackets: number = INITIAL_WINDOW_PACKETS
  #ssthresh = Infinity
  #lastMax = 0
  /** When this period of growth began, ms; -1 = it has not. */
  #epochMs = -1
  /** From the beginning of the period to its plateau, s, and the window there. */
  #plateauS = 0
  #plateau = 0
  #renoWindow = 0
  #priorCwnd = 0
  #priorSsthresh = Infinity

  onAck(sample: AckSample): void {
    if (sample.inRecovery) {
      this.cwndPackets = this.#reduction.next(sample, this.#ssthresh)
      return
    }
    if (!sample.isLimited) return
    let left = sample.acked
    if (this.cwndPackets < this.#ssthresh) left = this.#slowStart(sample)
    if (left > 0) this.#avoidCongestion(left, sample)
  }

  onRecovery(): void {
    this.#priorCwnd = this.cwndPackets
    this.#priorSsthresh = this.#ssthresh
    this.#reduction.begin(this.cwndPackets)
    this.#reduce()
  }

  onRecoveryEnd(): void {
    this.cwndPackets = this.#ssthresh
  }

  onTimeout(): void {
    this.#priorCwnd = Math.max(this.cwndPackets, this.#priorCwnd)
    this.#priorSsthresh = this.#ssthresh
    this.#reduce()
    this.cwndPackets = 1
  }

  onUndo(): void {
    this.cwndPackets = Math.max(this.cwndPackets, this.#priorCwnd)
    this.#ssthresh = Math.max(this.#ssthresh, this.#priorSsthresh)
    this.#priorCwnd = 0
  }

  #reduce(): void {
    const cwnd = this.cwndPackets
    this.#epochMs = -1
    // Two losses below the last maximum mean that others came: leave them room.
    this.#lastMax = cwnd < this.#lastMax ? (cwnd * (1 + BETA)) / 2 : cwnd
    this.#ssthresh = Math.max(cwnd * BETA, MIN_WINDOW_PACKETS)
  }

  /** @returns acknowledged packets that were not used up. */
  #slowStart(sample: AckSample): number {
    if (this.#hystart.check(sample, this.cwndPackets)) this.#ssthresh = this.cwndPackets
    const grown = Math.min(this.cwndPackets + sample.acked, Math.max(this.#ssthresh, this.cwndPackets))
    const used = grown - this.cwndPackets
    this.cwndPackets = grown
    return sample.acked - used
  }

  #avoidCongestion(acked: number, { nowMs, minRttMs }: AckSample): void {
    if (this.#epochMs < 0) this.#beginEpoch(nowMs)
    const cwnd = this.cwndPackets
    this.#renoWindow += (RENO_GROWTH * acked) / cwnd
    const afterS = (nowMs - this.#epochMs + minRttMs) / 1000 - this.#plateauS
    const target = Math.max(this.#plateau + C * afterS * afterS * afterS, this.#renoWindow)
    let perPacket = target > cwnd ? cwnd / (target - cwnd) : 100 * cwnd
    if (this.#lastMax === 0) perPacket = Math.min(perPacket, FIRST_GROWTH_PACKETS)
    this.cwndPackets += acked / Math.max(2, perPacket)
  }

  #beginEpoch(nowMs: number): void {
    const below = this.#lastMax - this.cwndPackets
    this.#epochMs = nowMs
    this.#renoWindow = this.cwndPackets
    this.#plateauS = below > 0 ? Math.cbrt(below / C) : 0
    this.#plateau = Math.max(this.#lastMax, this.cwndPackets)
  }
}
