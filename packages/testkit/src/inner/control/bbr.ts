import { INITIAL_WINDOW_PACKETS, type AckSample, type CongestionControl } from './congestion-control.ts'
import { MaxFilter } from './max-filter.ts'

type Mode = 'startup' | 'drain' | 'probe-rate' | 'probe-rtt'

/** 2 / ln 2: the least gain that doubles the rate in each round trip. */
const HIGH_GAIN = 2.885
const WINDOW_GAIN = 2
/** Gains of the rounds of a cycle: one that asks for more, one that gives back, and six that stay. */
const CYCLE = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
const RATE_ROUNDS = 10
const MIN_RTT_VALID_MS = 10_000
const PROBE_RTT_MS = 200
const MIN_WINDOW_PACKETS = 4
/** The pipe counts as full when the rate did not grow by this factor in {@link FULL_ROUNDS} rounds. */
const FULL_GROWTH = 1.25
const FULL_ROUNDS = 3
/** Room for acknowledgements that come in lumps, packets. */
const LUMP_PACKETS = 3
/** Sends this much slower than the estimate, so that no queue stays. */
const PACING_MARGIN = 0.99

/**
 * BBR in its first version, as N. Cardwell et al., "BBR: congestion-based congestion control", ACM Queue 14 (2016)
 * describe it, without the extras that later kernels added against long-term policers and lumped acknowledgements.
 */
export class Bbr implements CongestionControl {
  readonly name: string = 'bbr'
  cwndPackets: number = INITIAL_WINDOW_PACKETS
  pacing: number = Infinity
  readonly #rate = new MaxFilter(RATE_ROUNDS)
  #mode: Mode = 'startup'
  #round = 0
  #minRttMs = Infinity
  #minRttAtMs = 0
  #fullRate = 0
  #fullRounds = 0
  #phase = 2
  #phaseAtMs = 0
  #probeRttEndMs = Infinity
  #priorCwnd = 0
  /** Packets are only replaced until this round. */
  #conserveUntil = -1

  onAck(sample: AckSample): void {
    if (sample.isRoundStart) this.#round++
    if (sample.deliveryRate > 0) this.#rate.add(sample.deliveryRate, this.#round)
    const isRttOld = this.#updateMinRtt(sample)
    this.#updateMode(sample)
    this.#updateProbeRtt(sample, isRttOld)
    if (this.#rate.value > 0) this.pacing = this.#rate.value * this.#gain() * PACING_MARGIN
    this.#updateWindow(sample)
  }

  onRecovery(_nowMs: number, inflight: number): void {
    this.#saveWindow()
    this.cwndPackets = Math.max(inflight + 1, MIN_WINDOW_PACKETS)
    this.#conserveUntil = this.#round + 1
  }

  onRecoveryEnd(): void {
    this.#conserveUntil = -1
    this.cwndPackets = Math.max(this.cwndPackets, this.#priorCwnd)
  }

  onTimeout(): void {
    this.#saveWindow()
    this.cwndPackets = 1
    this.#conserveUntil = -1
    this.#fullRate = 0
  }

  onUndo(): void {
    this.onRecoveryEnd()
  }

  #saveWindow(): void {
    this.#priorCwnd = Math.max(this.cwndPackets, this.#conserveUntil >= 0 ? this.#priorCwnd : 0)
  }

  #gain(): number {
    if (this.#mode === 'startup') return HIGH_GAIN
    if (this.#mode === 'drain') return 1 / HIGH_GAIN
    return this.#mode === 'probe-rtt' ? 1 : CYCLE[this.#phase]!
  }

  /** Packets that fill the pipe `gain` times. */
  #fill(gain: number): number {
    if (this.#rate.value === 0 || this.#minRttMs === Infinity) return INITIAL_WINDOW_PACKETS
    return Math.ceil(gain * this.#rate.value * this.#minRttMs) + LUMP_PACKETS
  }

  /** @returns whether the shortest round trip is too old to be believed. */
  #updateMinRtt({ rttMs, nowMs }: AckSample): boolean {
    const isOld = nowMs > this.#minRttAtMs + MIN_RTT_VALID_MS
    if (rttMs >= 0 && (rttMs <= this.#minRttMs || isOld)) {
      this.#minRttMs = rttMs
      this.#minRttAtMs = nowMs
    }
    return isOld
  }

  #updateMode(sample: AckSample): void {
    if (this.#mode === 'startup' && this.#isPipeFull(sample)) this.#mode = 'drain'
    if (this.#mode === 'drain' && sample.inflight <= this.#fill(1)) this.#beginCycle(sample.nowMs)
    if (this.#mode === 'probe-rate') this.#advanceCycle(sample)
  }

  #isPipeFull({ isRoundStart }: AckSample): boolean {
    if (!isRoundStart) return false
    if (this.#rate.value >= this.#fullRate * FULL_GROWTH) {
      this.#fullRate = this.#rate.value
      this.#fullRounds = 0
      return false
    }
    return ++this.#fullRounds >= FULL_ROUNDS
  }

  #beginCycle(nowMs: number): void {
    this.#mode = 'probe-rate'
    this.#phase = 2
    this.#phaseAtMs = nowMs
  }

  #advanceCycle({ nowMs, inflight, lost }: AckSample): void {
    const gain = CYCLE[this.#phase]!
    const isLong = nowMs - this.#phaseAtMs > this.#minRttMs
    const isFilled = lost > 0 || inflight >= this.#fill(gain)
    const isOver = gain > 1 ? isLong && isFilled : gain < 1 ? isLong || inflight <= this.#fill(1) : isLong
    if (!isOver) return
    this.#phase = (this.#phase + 1) % CYCLE.length
    this.#phaseAtMs = nowMs
  }

  #updateProbeRtt({ nowMs, inflight }: AckSample, isRttOld: boolean): void {
    if (this.#mode !== 'probe-rtt') {
      if (!isRttOld || this.#mode === 'startup') return
      this.#mode = 'probe-rtt'
      this.#priorCwnd = this.cwndPackets
      this.#probeRttEndMs = Infinity
    }
    if (this.#probeRttEndMs === Infinity) {
      if (inflight <= MIN_WINDOW_PACKETS) this.#probeRttEndMs = nowMs + Math.max(PROBE_RTT_MS, this.#minRttMs)
    } else if (nowMs >= this.#probeRttEndMs) {
      this.#minRttAtMs = nowMs
      this.cwndPackets = Math.max(this.cwndPackets, this.#priorCwnd)
      this.#beginCycle(nowMs)
    }
  }

  #updateWindow({ acked, delivered, lost, inflight }: AckSample): void {
    if (this.#mode === 'probe-rtt') {
      this.cwndPackets = Math.min(this.cwndPackets, MIN_WINDOW_PACKETS)
      return
    }
    if (lost > 0) this.cwndPackets = Math.max(this.cwndPackets - lost, 1)
    if (this.#conserveUntil > this.#round) {
      this.cwndPackets = Math.max(this.cwndPackets, inflight + delivered)
      return
    }
    const target = this.#fill(this.#mode === 'probe-rate' ? WINDOW_GAIN : HIGH_GAIN)
    const grown = this.cwndPackets + Math.max(acked, delivered)
    const isFull = this.#mode !== 'startup'
    this.cwndPackets = Math.max(
      MIN_WINDOW_PACKETS,
      isFull ? Math.min(grown, target) : Math.max(this.cwndPackets, Math.min(grown, target)),
    )
  }
}
