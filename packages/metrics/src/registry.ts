import { Family } from './family.ts'
import type { FamilyOptions, HistogramOptions } from './family.ts'
import { Counter, Gauge, Histogram } from './instruments.ts'
import { checkNames, headingText, labelText, sampleText } from './text.ts'
import type { Heading, Sample } from './text.ts'

/** A family whose values are taken out of a snapshot. */
export interface Reading<S> extends Heading {
  readonly type: 'counter' | 'gauge'
  /** No two with the same labels. */
  readonly samples: (snapshot: S) => Iterable<Sample>
}

/** Families of metrics under names of their own. */
export class Registry {
  readonly #names = new Set<string>()
  readonly #parts: (() => Iterable<string>)[] = []

  /** @throws TypeError when a name is malformed or taken; so do all that follow. */
  counter<const L extends string = never>(options: FamilyOptions<L>): Family<Counter, L> {
    return this.#add(options, new Family(options, { type: 'counter', create: () => new Counter() }))
  }

  gauge<const L extends string = never>(options: FamilyOptions<L>): Family<Gauge, L> {
    return this.#add(options, new Family(options, { type: 'gauge', create: () => new Gauge() }))
  }

  /** @throws RangeError too, unless the bounds ascend. */
  histogram<const L extends string = never>(options: HistogramOptions<L>): Family<Histogram, L> {
    const bounds = Float64Array.from(options.bounds)
    const ascend = bounds.every((bound, index) => Number.isFinite(bound) && !(bound <= bounds[index - 1]!))
    if (!ascend) {
      throw new RangeError(`expected finite bounds that ascend, found ${options.bounds.join()}`)
    }
    return this.#add(options, new Family(options, { type: 'histogram', create: () => new Histogram(bounds) }))
  }

  /** Families read out of what `snapshot` returns; it is called once per {@link text}. */
  read<S>(snapshot: () => S, readings: readonly Reading<S>[]): void {
    for (const { name } of readings) {
      checkNames(name, [])
      this.#take(name)
    }
    this.#parts.push(function* texts() {
      const now = snapshot()
      for (const reading of readings) yield readingText(reading, now)
    })
  }

  /** Everything, in the order in which it was added. */
  text(): string {
    return [...this.chunks()].join('')
  }

  /**
   * The same family by family, for who must not be kept from other work for long. Each snapshot is made when the first of
   * its families is due.
   */
  *chunks(): Generator<string, void, undefined> {
    for (const part of this.#parts) yield* part()
  }

  #add<F extends { text(): string }>({ name }: { readonly name: string }, family: F): F {
    this.#take(name)
    this.#parts.push(() => [family.text()])
    return family
  }

  #take(name: string): void {
    if (this.#names.has(name)) throw new TypeError(`there is a metric ${name} already`)
    this.#names.add(name)
  }
}

function readingText<S>(reading: Reading<S>, snapshot: S): string {
  let lines = ''
  for (const { labels = {}, value } of reading.samples(snapshot)) {
    if (value !== undefined) lines += sampleText(reading.name, labelText(labels), value)
  }
  return lines === '' ? '' : headingText(reading) + lines
}
