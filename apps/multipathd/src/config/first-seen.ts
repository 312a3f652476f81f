/** Finds what stands twice. */
export class FirstSeen {
  readonly #places = new Map<string, string>()

  /** Where `key` stood before. When that is nowhere, remembers that it stands at `place`. */
  earlier(key: string, place: string): string | undefined {
    const first = this.#places.get(key)
    if (first === undefined) this.#places.set(key, place)
    return first
  }
}
