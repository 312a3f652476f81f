/** The outside world of a driver. Times are monotonic milliseconds with fractions, from an arbitrary origin. */
export interface Runtime {
  nowMs(): number
  /** Runs `fn` once at `atMs` (the clock of {@link nowMs}), never synchronously, late rather than early. */
  setTimer(atMs: number, fn: () => void): Timer
  /** Fills `into` with random bytes: from the system in production, from a seed in the simulation. */
  randomBytes(into: Uint8Array): void
}

/** A timer that was set. */
export interface Timer {
  /** Forgets the timer. Calling it again, or after the timer ran, does nothing. */
  cancel(): void
}
