/** The largest of the values of the last rounds. */
export class MaxFilter {
  readonly #rounds: number
  /** Candidates, falling; each is the largest since its round. */
  readonly #values: number[] = []
  readonly #at: number[] = []

  constructor(rounds: number) {
    this.#rounds = rounds
  }

  get value(): number {
    return this.#values[0] ?? 0
  }

  add(value: number, round: number): void {
    while (this.#values.length > 0 && this.#values.at(-1)! <= value) {
      this.#values.pop()
      this.#at.pop()
    }
    this.#values.push(value)
    this.#at.push(round)
    while (this.#at[0]! <= round - this.#rounds) {
      this.#values.shift()
      this.#at.shift()
    }
  }
}
