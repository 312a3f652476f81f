import type { Machine } from '@mp/interface'
import { LEAST_BYTES } from './options.ts'
import type { PathMtuEvent, PathMtuOptions, SizeProbe } from './options.ts'
import { nextSize } from './search.ts'

/** Probes of one size that must stay unanswered until it counts as too large. RFC 8899 §5.1.2 says 3. */
const SEARCH_TRIES = 3
/** The same of a size that passed before: on a line that loses much a false alarm would cut packets for no reason. */
const CONFIRM_TRIES = 5
/** Least time for a reply, ms. RFC 8899 asks for a second where nothing is known of the RTT; here it is measured. */
const MIN_TIMEOUT_MS = 100
/** While packets are sent, the size in use is asked for this often, ms. */
const CONFIRM_MS = 5000
/** A doubt has it asked for sooner, but not more often than this, ms. */
const DOUBT_MS = 1000
/** After this long it is tried whether larger packets pass by now, ms (RFC 8899 §5.1.1). */
const RAISE_MS = 600_000
/** Events kept for `pollEvent`; of more, the oldest are forgotten. */
const MAX_EVENTS = 4

/**
 * Finds the largest packet that one path takes in one direction (DPLPMTUD, RFC 8899). Only probes decide: what routers
 * and the system say of sizes may be forged or wrong, so it makes a probe come sooner and no more.
 *
 * The largest size is tried first, because most lines take it; the search for others begins when that fails. A size that
 * was found is asked for again while packets are sent, so that a path that begins to swallow large packets is noticed.
 */
export class PathMtu implements Machine<SizeProbe, PathMtuEvent> {
  readonly #options: PathMtuOptions
  readonly #events: PathMtuEvent[] = []
  readonly #probe = { bytes: 0, nonce: 0 }
  #maxBytes = LEAST_BYTES
  #mtuBytes = LEAST_BYTES
  /** The least size that is known not to pass. */
  #failsBytes = LEAST_BYTES
  /** Packets of `#mtuBytes` have passed. */
  #isKnown = false
  #isRunning = false
  /** There are sizes left to try. */
  #isSearching = false
  /** Probes sent of the size that is asked for; 0 when none is. */
  #tries = 0
  /** When the probe sent last counts as lost, and when the next one is to be sent, ms. */
  #deadlineMs = Infinity
  #dueMs = Infinity
  /** When the size found is asked for next, and when it last was, ms. */
  #confirmMs = Infinity
  #confirmedMs = -Infinity
  /** When to try larger ones, ms. */
  #raiseMs = Infinity

  /** Throws RangeError for a `baseBytes` below 576. */
  constructor(options: PathMtuOptions) {
    if ((options.baseBytes ?? LEAST_BYTES) < LEAST_BYTES) {
      throw new RangeError(`expected baseBytes to be at least ${LEAST_BYTES}, found ${options.baseBytes}`)
    }
    this.#options = options
  }

  /** Largest packet to send over the path now, bytes. */
  get mtuBytes(): number {
    return this.#mtuBytes
  }

  /** Packets of {@link mtuBytes} have passed; until then it is what every path should take. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Begins anew: it is another path than before. Nothing larger than `maxBytes` is tried, an integer ≥ 1. */
  start(maxBytes: number, nowMs: number): void {
    this.#maxBytes = maxBytes
    this.#mtuBytes = Math.min(maxBytes, this.#baseBytes)
    this.#isKnown = false
    this.#isRunning = true
    this.#search(maxBytes + 1, nowMs)
  }

  /** The path carries nothing just now: what is not answered says nothing of sizes. */
  pause(): void {
    this.#isRunning = false
    this.#rest()
  }

  /** The path works again, and what was known of it is asked for first. Does nothing when it is not paused. */
  resume(nowMs: number): void {
    if (this.#isRunning) return
    this.#isRunning = true
    if (this.#isKnown) this.#ask(this.#mtuBytes, nowMs)
    else this.#proceed(nowMs)
  }

  /** The peer received the probe with `nonce`. False when that is not the one that is waited for. */
  handleReply(nonce: number, nowMs: number): boolean {
    const { bytes, nonce: expected } = this.#probe
    if (this.#tries === 0 || nonce !== expected) return false
    // Nothing smaller than what is in use is ever asked for.
    this.#mtuBytes = bytes
    this.#isKnown = true
    this.#proceed(nowMs)
    return true
  }

  /** The system refused to send a packet because of its size. If that was a probe, this try has failed. */
  handleRefusal(nowMs: number): void {
    if (this.#deadlineMs < Infinity) this.#deadlineMs = nowMs
    else this.handleDoubt(nowMs)
  }

  /** Something was lost that may have been too large. */
  handleDoubt(nowMs: number): void {
    if (this.#isSettled())
      this.#confirmMs = Math.min(this.#confirmMs, Math.max(nowMs, this.#confirmedMs + DOUBT_MS))
  }

  /** Packets are sent over the path. @returns whether {@link pollTimeout} is another one now. */
  handleActivity(nowMs: number): boolean {
    if (!this.#isSettled() || this.#confirmMs < Infinity) return false
    this.#confirmMs = nowMs + CONFIRM_MS
    return true
  }

  pollTimeout(): number {
    const dueMs = Math.min(this.#dueMs, this.#deadlineMs, this.#confirmMs, this.#raiseMs)
    return this.#isRunning ? dueMs : Infinity
  }

  handleTimeout(nowMs: number): void {
    if (!this.#isRunning) return
    if (nowMs >= this.#deadlineMs) this.#handleLost(nowMs)
    if (nowMs >= this.#raiseMs) this.#search(this.#maxBytes + 1, nowMs)
    else if (nowMs >= this.#confirmMs) this.#ask(this.#mtuBytes, nowMs)
  }

  /** The probe to send now, if one is due. The object is used again by the next call. */
  pollTransmit(nowMs: number): SizeProbe | undefined {
    if (nowMs < this.#dueMs) return undefined
    this.#dueMs = Infinity
    this.#deadlineMs = nowMs + Math.max(MIN_TIMEOUT_MS, this.#options.timeoutMs())
    this.#tries++
    return this.#probe
  }

  pollEvent(): PathMtuEvent | undefined {
    return this.#events.shift()
  }

  get #baseBytes(): number {
    return this.#options.baseBytes ?? 1280
  }

  /** No probe is under way, and there is something to ask for: the least size is all that is left, passes or not. */
  #isSettled(): boolean {
    return this.#isRunning && this.#tries === 0 && this.#dueMs === Infinity && this.#mtuBytes > LEAST_BYTES
  }

  #rest(): void {
    this.#tries = 0
    this.#deadlineMs = this.#dueMs = this.#confirmMs = Infinity
  }

  /** All sizes below `failsBytes` are possible. */
  #search(failsBytes: number, nowMs: number): void {
    this.#failsBytes = failsBytes
    this.#isSearching = true
    this.#raiseMs = Infinity
    this.#proceed(nowMs)
  }

  /** Tries of one size share a nonce: an answer to the first is as good after the second was sent. */
  #ask(bytes: number, nowMs: number): void {
    this.#rest()
    this.#probe.bytes = bytes
    this.#probe.nonce = this.#options.nextNonce() >>> 0
    this.#dueMs = nowMs
  }

  #handleLost(nowMs: number): void {
    const { bytes } = this.#probe
    const wasFound = this.#isKnown && bytes <= this.#mtuBytes
    this.#deadlineMs = Infinity
    if (this.#tries < (wasFound ? CONFIRM_TRIES : SEARCH_TRIES)) {
      this.#dueMs = nowMs
      return
    }
    if (bytes <= this.#mtuBytes) this.#fallBack(bytes)
    if (wasFound) this.#tell('black-hole', nowMs)
    this.#search(bytes, nowMs)
  }

  /** Not even packets of the size in use pass. */
  #fallBack(failsBytes: number): void {
    this.#mtuBytes = failsBytes > this.#baseBytes ? this.#baseBytes : Math.min(LEAST_BYTES, failsBytes)
    // What is left below that is not asked for: there is nothing else to try.
    this.#isKnown = this.#mtuBytes <= LEAST_BYTES
  }

  #proceed(nowMs: number): void {
    const bytes = this.#next()
    if (bytes !== undefined) return this.#ask(bytes, nowMs)
    this.#rest()
    this.#confirmedMs = nowMs
    if (!this.#isSearching) return
    this.#isSearching = false
    if (this.#mtuBytes < this.#maxBytes) this.#raiseMs = nowMs + RAISE_MS
    this.#tell('found', nowMs)
  }

  /** The size to ask for; undefined when all is known. */
  #next(): number | undefined {
    const isMost = this.#isKnown && this.#mtuBytes === this.#maxBytes
    if (isMost) return undefined
    if (this.#failsBytes > this.#maxBytes) return this.#maxBytes
    return this.#isKnown ? nextSize(this.#mtuBytes, this.#failsBytes) : this.#mtuBytes
  }

  #tell(type: PathMtuEvent['type'], atMs: number): void {
    if (this.#events.length === MAX_EVENTS) this.#events.shift()
    this.#events.push({ type, mtuBytes: this.#mtuBytes, atMs })
  }
}
