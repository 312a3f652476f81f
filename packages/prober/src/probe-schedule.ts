import type { ProberState } from './state.ts'

/** A session that sent nothing for this long is idle, ms … */
const IDLE_AFTER_MS = 5000
/** … and is probed this often, ms. */
const IDLE_INTERVAL_MS = 1000
/** After this long without traffic only the NAT binding is kept, ms … */
const ASLEEP_AFTER_MS = 60_000
/** … by a probe this often, ms; RFC 4787 asks NATs for 2 minutes, some forget after 30 s. */
const ASLEEP_INTERVAL_MS = 15_000
/** Back-off while the path is lost: first and last interval, ms, and the factor between. */
const LOST_FIRST_INTERVAL_MS = 500
const LOST_LAST_INTERVAL_MS = 10_000
/** Last interval while the session has something to send, ms: a path that is back is of use at once. */
const MISSED_INTERVAL_MS = 1000
const LOST_FACTOR = 1.5
/** Intervals vary by this share up and down, so that paths do not probe in step (RFC 5880 §6.8.7). */
const JITTER_RATIO = 0.25
/** On suspicion: this many extra probes, this far apart, ms. */
const BURST_PROBES = 3
const BURST_INTERVAL_MS = 20

/** When the next probe of a path is due. */
export class ProbeSchedule {
  /** How often a path is probed over which nothing is sent for long, ms. */
  asleepIntervalMs: number = ASLEEP_INTERVAL_MS
  readonly #activeIntervalMs: number
  #nextMs = Infinity
  #sentMs = -Infinity
  #activityMs = -Infinity
  #lostIntervalMs = LOST_FIRST_INTERVAL_MS
  #burst = 0

  constructor(activeIntervalMs: number) {
    this.#activeIntervalMs = activeIntervalMs
  }

  /** When the next probe is due, ms; `Infinity` before the start. */
  get nextMs(): number {
    return this.#nextMs
  }

  /** The next probe is one of a burst: sent for its reply, its loss counts for nothing. */
  get isExtra(): boolean {
    return this.#burst > 0
  }

  start(nowMs: number): void {
    this.#activityMs = nowMs
    this.#nextMs = nowMs
  }

  /** A probe with this random `nonce` left over a path in `state`. */
  handleSent(nonce: number, state: ProberState, nowMs: number): void {
    this.#sentMs = nowMs
    if (this.#burst > 0) this.#burst--
    this.#nextMs =
      nowMs + (this.#burst > 0 ? BURST_INTERVAL_MS : this.#intervalMs(state, nowMs) * jitter(nonce))
  }

  /** The path entered `state`. */
  handleState(state: ProberState, nowMs: number): void {
    this.#burst = 0
    this.#lostIntervalMs = LOST_FIRST_INTERVAL_MS
    if (state === 'lost') this.#nextMs = nowMs + this.#nextLostIntervalMs(nowMs)
    else this.hasten(nowMs)
  }

  /** The path may be dead: it is asked a few times at once. */
  burst(nowMs: number): void {
    this.#burst = BURST_PROBES
    this.#nextMs = nowMs
  }

  /** Data was sent: a path that dozed is probed at the active interval from now on, a lost one every second. */
  handleActivity(state: ProberState, nowMs: number): void {
    const dozed = nowMs - this.#activityMs > IDLE_AFTER_MS
    this.#activityMs = nowMs
    if (dozed && state === 'normal') this.hasten(nowMs)
    if (dozed && state === 'lost') this.#nextMs = Math.min(this.#nextMs, nowMs + MISSED_INTERVAL_MS)
  }

  /** The next probe is due one active interval after the last, if it is not sooner. */
  hasten(nowMs: number): void {
    this.#nextMs = Math.min(this.#nextMs, Math.max(nowMs, this.#sentMs + this.#activeIntervalMs))
  }

  /** The path shows by itself that it is alive: the next probe can wait, but not longer than on an idle path. */
  postpone(nowMs: number): void {
    const wantedMs = Math.min(nowMs + this.#activeIntervalMs, this.#sentMs + IDLE_INTERVAL_MS)
    this.#nextMs = Math.max(this.#nextMs, wantedMs)
  }

  #intervalMs(state: ProberState, nowMs: number): number {
    if (state === 'lost') return this.#nextLostIntervalMs(nowMs)
    if (state !== 'normal') return this.#activeIntervalMs
    const idleMs = nowMs - this.#activityMs
    if (idleMs > ASLEEP_AFTER_MS) return this.asleepIntervalMs
    return idleMs > IDLE_AFTER_MS ? IDLE_INTERVAL_MS : this.#activeIntervalMs
  }

  #nextLostIntervalMs(nowMs: number): number {
    const mostMs = nowMs - this.#activityMs > IDLE_AFTER_MS ? LOST_LAST_INTERVAL_MS : MISSED_INTERVAL_MS
    const intervalMs = Math.min(mostMs, this.#lostIntervalMs)
    this.#lostIntervalMs = Math.min(LOST_LAST_INTERVAL_MS, this.#lostIntervalMs * LOST_FACTOR)
    return intervalMs
  }
}

/** A factor of 0.75 to 1.25 from a nonce: multiplicative hashing, so that counters scatter as well as random ones. */
function jitter(nonce: number): number {
  const fraction = (Math.imul(nonce, 0x9e3779b1) >>> 0) / 2 ** 32
  return 1 - JITTER_RATIO + 2 * JITTER_RATIO * fraction
}
