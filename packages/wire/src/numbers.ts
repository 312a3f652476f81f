/** One unit of the send time, ms. */
const SEND_TIME_UNIT_MS = 0.128
const RANGE24 = 2 ** 24

/**
 * The whole counter, or global sequence number, of which `low24` travelled: the one nearest to what is expected next, `highestSeen + 1`, within
 * 2^23 to either side (after RFC 9000 §A.3). Any loss or reordering shorter than that is survived; a longer gap
 * gives a wrong counter, which fails authentication.
 * @param low24 0…2^24-1.
 * @param highestSeen The highest counter so far, an integer below 2^53 - 2^23; -1 when there was none.
 * @returns an integer ≥ 0.
 */
export function expandCounter(low24: number, highestSeen: number): number {
  const expected = highestSeen + 1
  // Bit operators see the low 32 bits, which is all that a difference modulo 2^24 needs.
  const whole = expected + sequenceDelta(low24, expected)
  return whole < 0 ? whole + RANGE24 : whole
}

/** How far `a` is ahead of `b` modulo 2^24, -2^23…2^23-1. Whole sequence numbers may be given too. */
export function sequenceDelta(a: number, b: number): number {
  return ((a - b) << 8) >> 8
}

/** The time to put in a frame: units of 128 µs modulo 2^16, so it wraps every 8.388608 s. */
export function sendTimeOf(nowMs: number): number {
  return Math.floor(nowMs / SEND_TIME_UNIT_MS) & 0xffff
}

/** How much later than `b` the send time `a` is, ms, -4194.304…4194.176. Right for times less than 4.19 s apart. */
export function sendTimeDeltaMs(a: number, b: number): number {
  return (((a - b) << 16) >> 16) * SEND_TIME_UNIT_MS
}
