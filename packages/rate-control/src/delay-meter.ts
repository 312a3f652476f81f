/** Send times travel in units of 128 µs, modulo 2^16. */
const UNIT_US = 128
const RANGE_US = UNIT_US * 0x1_0000

/**
 * The time from sending to receiving of the frames since the last `restart`: least, mean and most, µs. The clocks of
 * both ends differ by an unknown constant, which is part of every value, so only changes say something. The 16 bits
 * that travel are unwrapped around the mean of the interval before, which is right as long as delays change by less
 * than 4.19 s from one report to the next.
 */
export class DelayMeter {
  #aroundUs: number | undefined
  #minUs = 0
  #maxUs = 0
  #sumUs = 0
  #count = 0

  /** Takes so many frames that were sent at `sendTime`, 0…65535, and came at `nowMs`. */
  record(sendTime: number, nowMs: number, frames = 1): void {
    const rawUs = nowMs * 1000 - sendTime * UNIT_US
    this.#aroundUs ??= rawUs - Math.floor(rawUs / RANGE_US + 0.5) * RANGE_US
    const offUs = rawUs - this.#aroundUs
    const delayUs = this.#aroundUs + offUs - Math.floor(offUs / RANGE_US + 0.5) * RANGE_US
    const isFirst = this.#count === 0
    this.#count += frames
    this.#minUs = isFirst ? delayUs : Math.min(this.#minUs, delayUs)
    this.#maxUs = isFirst ? delayUs : Math.max(this.#maxUs, delayUs)
    this.#sumUs = (isFirst ? 0 : this.#sumUs) + frames * delayUs
  }

  get minUs(): number {
    return Math.round(this.#minUs)
  }

  get maxUs(): number {
    return Math.round(this.#maxUs)
  }

  get meanUs(): number {
    return Math.round(this.#sumUs / Math.max(1, this.#count))
  }

  /** Begins the next interval. Without a frame in it, the values of the last one stand. */
  restart(): void {
    if (this.#count === 0) return
    const meanUs = this.#sumUs / this.#count
    this.#aroundUs = meanUs
    this.#sumUs = meanUs
    this.#count = 0
  }
}
