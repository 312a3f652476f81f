import { viewOf } from './bytes.ts'

/** A timestamp on the wire, bytes. */
export const TIMESTAMP_BYTES = 12
const MS_PER_SECOND = 1000
const NS_PER_MS = 1_000_000
const NS_PER_SECOND = 1_000_000_000
/** 2^62, where TAI64 has the year 1970, in the upper of two words; 10 s are what TAI was ahead of UTC then. */
const TAI_EPOCH_HIGH = 0x4000_0000
const TAI_OFFSET_SECONDS = 10

/**
 * Makes the timestamps of hellos: TAI64N labels (D. J. Bernstein), 8 bytes of seconds and 4 of nanoseconds, big-endian,
 * so that comparing bytes compares times. Each is greater than the one before, also when the wall clock goes back.
 */
export class TimestampClock {
  #seconds = 0
  #nanoseconds = 0

  /** The next timestamp; `wallMs` is the Unix time, ms. */
  next(wallMs: number): Uint8Array {
    const seconds = Math.floor(wallMs / MS_PER_SECOND)
    const nanoseconds = Math.floor(wallMs - seconds * MS_PER_SECOND) * NS_PER_MS
    const later = seconds > this.#seconds || (seconds === this.#seconds && nanoseconds > this.#nanoseconds)
    if (later) {
      this.#seconds = seconds
      this.#nanoseconds = nanoseconds
    } else if (++this.#nanoseconds === NS_PER_SECOND) {
      this.#seconds++
      this.#nanoseconds = 0
    }
    return this.#encode()
  }

  #encode(): Uint8Array {
    const out = new Uint8Array(TIMESTAMP_BYTES)
    const view = viewOf(out)
    const seconds = this.#seconds + TAI_OFFSET_SECONDS
    view.setUint32(0, TAI_EPOCH_HIGH + Math.floor(seconds / 2 ** 32))
    view.setUint32(4, seconds % 2 ** 32)
    view.setUint32(8, this.#nanoseconds)
    return out
  }
}
