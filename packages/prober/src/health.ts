import { FlapDamping } from './flap-damping.ts'
import { Quality } from './quality.ts'
import type { ProberState, StateReason } from './state.ts'

/** Probes missed in a row that make a path unstable (kU): suspicion may be cheap, it costs a burst of probes. */
export const UNSTABLE_MISSES = 2
/** Bounds of the probes missed in a row that make a path lost (kL). */
const MIN_LOST_MISSES = 3
const MAX_LOST_MISSES = 8
/** How seldom chance alone may make a path lost, ms: once a day. */
const FALSE_LOST_MS = 86_400_000
/** Replies in a row before a path is normal again (nU). */
const RECOVERY_REPLIES = 3

/** What can move the state. */
type Signal = 'reply' | 'timeout' | 'unreachable' | 'silence'

interface Transition {
  readonly on: Signal
  readonly when?: (health: Health, nowMs: number) => boolean
  readonly to: ProberState
  readonly reason: StateReason
}

const unreachable: Transition = { on: 'unreachable', to: 'lost', reason: 'unreachable' }

/** The state machine; the first row whose signal and guard match is taken. What is not here cannot happen. */
const TRANSITIONS: Readonly<Record<ProberState, readonly Transition[]>> = {
  initializing: [
    { on: 'reply', to: 'normal', reason: 'first-reply' },
    { on: 'silence', to: 'lost', reason: 'no-reply' },
    unreachable,
  ],
  normal: [
    { on: 'timeout', when: (health) => health.misses >= UNSTABLE_MISSES, to: 'unstable', reason: 'timeouts' },
    { on: 'reply', when: (health) => health.quality.isLossy(), to: 'unstable', reason: 'loss' },
    { on: 'reply', when: (health, nowMs) => health.quality.isSlow(nowMs), to: 'unstable', reason: 'delay' },
    unreachable,
  ],
  unstable: [
    { on: 'timeout', when: (health) => health.misses >= health.lostMisses, to: 'lost', reason: 'timeouts' },
    { on: 'reply', when: (health, nowMs) => health.isRecovered(nowMs), to: 'normal', reason: 'recovered' },
    unreachable,
  ],
  lost: [{ on: 'reply', to: 'unstable', reason: 'reply' }],
}

/**
 * The least k with `pᵏ ≤ T/MTBF`, within 3…8: so many probes of a living path that loses a share `lossRatio` of
 * them at random, one every `intervalMs`, are missed in a row less than once a day.
 */
export function lostMisses(lossRatio: number, intervalMs: number): number {
  let misses = MIN_LOST_MISSES
  while (misses < MAX_LOST_MISSES && lossRatio ** misses > intervalMs / FALSE_LOST_MS) misses++
  return misses
}

type StateListener = (from: ProberState, to: ProberState, reason: StateReason, nowMs: number) => void

/** The state of one path and the evidence it rests on. Knows no probes, only what became of them. */
export class Health {
  readonly quality: Quality = new Quality()
  readonly damping: FlapDamping = new FlapDamping()
  readonly #intervalMs: number
  readonly #onChange: StateListener
  #state: ProberState = 'initializing'
  #sinceMs = 0
  #misses = 0
  #replies = 0
  #lostMisses = MIN_LOST_MISSES

  /** `onChange` is called after each change of the state. */
  constructor(intervalMs: number, onChange: StateListener) {
    this.#intervalMs = intervalMs
    this.#onChange = onChange
  }

  get state(): ProberState {
    return this.#state
  }

  /** When the state began, ms. */
  get sinceMs(): number {
    return this.#sinceMs
  }

  /** Probes missed in a row, with nothing heard since. */
  get misses(): number {
    return this.#misses
  }

  /** Misses in a row that make the path lost, from the loss seen before them. */
  get lostMisses(): number {
    return this.#lostMisses
  }

  start(nowMs: number): void {
    this.#sinceMs = nowMs
  }

  /**
   * A probe was answered, in time or late: the path works both ways. `counts` = it is one of the regular probes,
   * which the loss ratio is made of.
   */
  handleReply(inTime: boolean, counts: boolean, nowMs: number): void {
    this.forgive()
    if (inTime && counts) this.quality.recordProbe(false)
    this.#replies = inTime ? this.#replies + 1 : 0
    this.#lostMisses = lostMisses(this.quality.lossRatio, this.#intervalMs)
    this.#signal('reply', nowMs)
  }

  /** A regular probe was not answered in time, and no younger one was. */
  handleMiss(nowMs: number): void {
    this.#misses++
    this.#replies = 0
    this.#signal('timeout', nowMs)
  }

  /** A probe was lost that says nothing of the path being alive: a younger one was answered, or it was an extra. */
  handleLoss(counts: boolean): void {
    if (counts) this.quality.recordProbe(true)
    this.#replies = 0
  }

  handleUnreachable(nowMs: number): void {
    this.#signal('unreachable', nowMs)
  }

  /** No reply since the start for as long as one may take. */
  handleSilence(nowMs: number): void {
    this.#signal('silence', nowMs)
  }

  /**
   * The path is alive, so the misses were loss: only now they enter the loss ratio. The misses of a run that ends
   * in `lost` never do, as an outage says nothing of the loss of the path when it works.
   */
  forgive(): void {
    if (this.#state === 'normal' || this.#state === 'unstable') {
      for (let i = 0; i < this.#misses; i++) this.quality.recordProbe(true)
    }
    this.#misses = 0
  }

  /** Data came over the path: probes missed are no outage, and of what is lost the data say more. */
  handleDelivery(): void {
    this.#misses = 0
  }

  /** On trial long enough, and nothing to complain of. */
  isRecovered(nowMs: number): boolean {
    return (
      this.#replies >= RECOVERY_REPLIES &&
      this.quality.isGood(nowMs) &&
      nowMs - this.#sinceMs >= this.damping.dwellMs(nowMs)
    )
  }

  #signal(signal: Signal, nowMs: number): void {
    for (const transition of TRANSITIONS[this.#state]) {
      if (transition.on !== signal || transition.when?.(this, nowMs) === false) continue
      this.#enter(transition, nowMs)
      return
    }
  }

  #enter({ to, reason }: Transition, nowMs: number): void {
    const from = this.#state
    if (from === 'normal') this.damping.penalize(nowMs)
    this.#state = to
    this.#sinceMs = nowMs
    this.#onChange(from, to, reason, nowMs)
  }
}
