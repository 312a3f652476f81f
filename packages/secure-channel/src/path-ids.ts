const IDS = 256
const MAX_PATHS = 32
/** An id that was given up rests until no key is left that it was used with: this epoch's and the one before. */
const RESTING_EPOCHS = 2

/**
 * Which path ids may be used. An id that a removed path had stays burnt as long as a key exists that its frames were
 * sealed with: a path that began its counters anew would repeat nonces, and old frames could be replayed to it.
 */
export class PathIds {
  /** Few of all ids: a server has one of these for each of its sessions. */
  readonly #live = new Set<number>()
  /** In which epoch an id that was given up may be taken again. */
  #freeFrom: Map<number, number> | undefined
  #epoch = 0
  #next = 0

  /** Paths that have an id now. */
  get count(): number {
    return this.#live.size
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
    const isId = Number.isInteger(id) && id >= 0 && id < IDS
    const isBurnt = this.#live.has(id) || (this.#freeFrom?.get(id) ?? 0) > this.#epoch
    if (!isId || isBurnt || this.count === MAX_PATHS) return false
    this.#live.add(id)
    return true
  }

  /** A path has `id` now. */
  has(id: number): boolean {
    return this.#live.has(id)
  }

  /** The path is gone; its id is burnt. Throws RangeError for an id that no path has. */
  release(id: number): void {
    if (!this.#live.delete(id)) throw new RangeError(`no path has the id ${id}`)
    this.#freeFrom ??= new Map()
    this.#freeFrom.set(id, this.#epoch + RESTING_EPOCHS)
  }

  /** New keys have taken the place of others and are confirmed; the first keys of a session do not count. */
  handleRekey(): void {
    this.#epoch++
  }
}
