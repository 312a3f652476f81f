import type { Series } from './instruments.ts'
import { checkNames, headingText, labelText } from './text.ts'
import type { FamilyType, Heading } from './text.ts'

export interface FamilyOptions<L extends string = never> {
  /** Base units close it (`_seconds`, `_bytes`), and then `_total` when it is a counter. */
  readonly name: string
  /** A sentence for people. */
  readonly help: string
  /** Names of the labels that tell the series apart. Default: none, and one series. */
  readonly labels?: readonly L[]
  /** Most series. Default 10 000. */
  readonly maxSeries?: number
}

export interface HistogramOptions<L extends string = never> extends FamilyOptions<L> {
  /** Upper ends of the buckets, ascending and finite. */
  readonly bounds: readonly number[]
}

interface FamilyParts<S extends Series> {
  readonly type: FamilyType
  readonly create: () => S
}

const MAX_SERIES = 10_000

/** All series of one name. */
export class Family<S extends Series, L extends string = never> {
  readonly #heading: Heading
  readonly #labels: readonly L[]
  readonly #maxSeries: number
  readonly #create: () => S
  /** By their labels as they are written. */
  readonly #series = new Map<string, S>()

  /** @throws TypeError when a name is malformed. */
  constructor(options: FamilyOptions<L>, { type, create }: FamilyParts<S>) {
    const { name, help, labels = [], maxSeries = MAX_SERIES } = options
    checkNames(name, labels)
    this.#heading = { name, help, type }
    this.#labels = labels
    this.#maxSeries = maxSeries
    this.#create = create
    // What has no labels has its one value from the start: a counter that nothing was added to says 0.
    if (labels.length === 0) this.with({} as Readonly<Record<L, string>>)
  }

  /**
   * The series with these labels, made when it is new. Keep it: this is a look-up, an update is none.
   * @throws RangeError when there are `maxSeries` others.
   */
  with(labels: Readonly<Record<L, string>>): S {
    const key = this.#keyOf(labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    if (this.#series.size >= this.#maxSeries) {
      throw new RangeError(
        `${this.#heading.name} has ${this.#maxSeries} series: remove() those that are over, or raise maxSeries`,
      )
    }
    const made = this.#create()
    this.#series.set(key, made)
    return made
  }

  /** Forgets the series with these labels. False when there is none. */
  remove(labels: Readonly<Record<L, string>>): boolean {
    return this.#series.delete(this.#keyOf(labels))
  }

  /** The family in the text format; empty while it has no series. */
  text(): string {
    if (this.#series.size === 0) return ''
    let text = headingText(this.#heading)
    for (const [labels, series] of this.#series) text += series.text(this.#heading.name, labels)
    return text
  }

  #keyOf(labels: Readonly<Record<L, string>>): string {
    return labelText(Object.fromEntries(this.#labels.map((name) => [name, labels[name]])))
  }
}
