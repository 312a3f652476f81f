import { numberText, sampleText } from './text.ts'

/** One series of a family: it writes its own lines. */
export interface Series {
  /** The lines of the series; `labels` as they stand between the braces. */
  text(name: string, labels: string): string
}

/** A number that only grows, such as bytes sent. */
export class Counter implements Series {
  #value = 0

  get value(): number {
    return this.#value
  }

  /** @throws RangeError unless `amount` is at least 0. */
  add(amount: number): void {
    if (!(amount >= 0)) throw new RangeError(`a counter only grows: expected 0 or more, found ${amount}`)
    this.#value += amount
  }

  text(name: string, labels: string): string {
    return sampleText(name, labels, this.#value)
  }
}

/** A number that goes up and down, such as packets that wait. */
export class Gauge implements Series {
  #value = 0

  get value(): number {
    return this.#value
  }

  set(value: number): void {
    this.#value = value
  }

  /** A negative `amount` takes away. */
  add(amount: number): void {
    this.#value += amount
  }

  text(name: string, labels: string): string {
    return sampleText(name, labels, this.#value)
  }
}

/** How many values fell under each of some bounds, such as round-trip times. */
export class Histogram implements Series {
  readonly #bounds: Float64Array
  /** Of each bucket alone; the last one is for what is above all bounds. */
  readonly #counts: Float64Array
  #sum = 0

  /** @param bounds upper ends of the buckets, ascending; a value at a bound is inside. */
  constructor(bounds: Float64Array) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  /** NaN is not counted: it is no value of any bucket. */
  observe(value: number): void {
    if (Number.isNaN(value)) return
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (value <= bounds[middle]!) high = middle
      else low = middle + 1
    }
    this.#counts[low]! += 1
    this.#sum += value
  }

  text(name: string, labels: string): string {
    const prefix = `${name}_bucket{${labels}${labels === '' ? '' : ','}`
    let text = ''
    let total = 0
    for (let index = 0; index < this.#counts.length; index++) {
      total += this.#counts[index]!
      text += `${prefix}le="${numberText(this.#bounds[index] ?? Infinity)}"} ${total}\n`
    }
    return `${text}${sampleText(`${name}_sum`, labels, this.#sum)}${sampleText(`${name}_count`, labels, total)}`
  }
}
