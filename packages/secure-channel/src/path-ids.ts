const IDS = 256
const MAX_PATHS = 32
/** An id that was given up rests until no key is left that it was used with: this epoch's and the one before. */
const RESTING_EPOCHS = 2

/**
 * Which path ids may be used. An id that a removed path had stays burnt as long as a key exists that its frames were
 * sealed with: a path that began its counters anew would repeat nonces, and old frames could be replayed to it.
 */
export class PathIds {
  readonly #live = new Uint8Array(IDS)
  readonly #freeFrom = new Float64Array(IDS)
  #epoch = 0
  #next = 0
  #count = 0

  /** Paths that have an id now. */
  get count(): number {
    return this.#count
  }

  /** The next id that may be used, in turn, or -1 when there is none or the session has 32 paths. */
  acquire(): number {
    for (let i = 0; i < IDS; i++) {
      const id = (this.#next + i) % IDS
      if (!this.claim(id)) continue
      this.#next = (id + 1) % IDS
      return id
    }
    return -1
  }

  /** Takes the id 0…255 that the other side chose; false when it must not be used. */
  claim(id: number): boolean {
    const usable = this.#live[id] === 0 && (this.#freeFrom[id] as number) <= this.#epoch
    if (!usable || this.#count === MAX_PATHS) return false
    this.#live[id] = 1
    this.#count++
    return true
  }

  /** The path is gone; its id is burnt. Throws RangeError for an id that no path has. */
  release(id: number): void {
    if (this.#live[id] !== 1) throw new RangeError(`no path has the id ${id}`)
    this.#live[id] = 0
    this.#freeFrom[id] = this.#epoch + RESTING_EPOCHS
    this.#count--
  }

  /** New keys have taken the place of others and are confirmed; the first keys of a session do not count. */
  handleRekey(): void {
    this.#epoch++
  }
}
