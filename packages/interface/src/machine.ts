/**
 * A sans-IO state machine: it is told the time and what happened, and says what to send, what to report and when
 * it wants to be woken. It never looks at a clock, a socket or a timer itself.
 *
 * After every call that changes it, drain `pollTransmit` and `pollEvent` until both return `undefined`, then
 * read `pollTimeout` again.
 */
export interface Machine<Transmit, Event> {
  /** When `handleTimeout` must next run, ms; `Infinity` = never. Calling it earlier does nothing. */
  pollTimeout(): number
  handleTimeout(nowMs: number): void
  pollTransmit(nowMs: number): Transmit | undefined
  pollEvent(): Event | undefined
}
