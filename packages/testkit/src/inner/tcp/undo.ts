/**
 * Finds out whether a reaction to loss was wrong: every segment that was sent again arrived twice (RFC 3708), or the
 * first acknowledgement after it answers a segment from before (RFC 3522).
 */
export class Undo {
  /** First segment of the reaction in question; -1 = none is. */
  #from = -1
  #sentAgain = 0
  #firstResentMs = Infinity

  /** A reaction begins with `una` the oldest segment without acknowledgement and `resent` sent again already. */
  begin(una: number, resent: number): void {
    this.#from = una
    this.#sentAgain = resent
    this.#firstResentMs = Infinity
  }

  onResent(nowMs: number): void {
    if (this.#from < 0) return
    this.#sentAgain++
    this.#firstResentMs = Math.min(this.#firstResentMs, nowMs)
  }

  onDuplicate(segment: number): void {
    if (this.#from >= 0 && segment >= this.#from && this.#sentAgain > 0) this.#sentAgain--
  }

  /** An echoed time, ms, of an acknowledgement that moved on. */
  isAnswerToFirst(echoMs: number): boolean {
    return this.#from >= 0 && echoMs < Math.floor(this.#firstResentMs) && this.#firstResentMs < Infinity
  }

  get isAllDuplicate(): boolean {
    return this.#from >= 0 && this.#firstResentMs < Infinity && this.#sentAgain === 0
  }

  end(): void {
    this.#from = -1
  }
}
