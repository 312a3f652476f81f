const NONE = -1

/** Buckets in a row. */
class Row {
  head = NONE
  tail = NONE
}

/**
 * Whose turn it is (RFC 8290, deficit round robin): buckets that just got their first packet come first, once; after
 * that they take turns with all others, and each may send its quantum per turn.
 */
export class Turns {
  readonly #quantumBytes: number
  readonly #next: Int32Array
  /** What the bucket may still send in this turn. */
  readonly #creditBytes: Int32Array
  readonly #isWaiting: Uint8Array
  readonly #newcomers = new Row()
  readonly #others = new Row()

  constructor(buckets: number, quantumBytes: number) {
    this.#quantumBytes = quantumBytes
    this.#next = new Int32Array(buckets)
    this.#creditBytes = new Int32Array(buckets)
    this.#isWaiting = new Uint8Array(buckets)
  }

  /** A packet came: a bucket that is in no row becomes a newcomer. */
  join(bucket: number): void {
    if (this.#isWaiting[bucket] === 1) return
    this.#isWaiting[bucket] = 1
    this.#creditBytes[bucket] = this.#quantumBytes
    this.#append(this.#newcomers, bucket)
  }

  /** The bucket to serve, or -1 when all are empty. Asked again it gives the same answer. */
  current(): number {
    for (;;) {
      const row = this.#newcomers.head === NONE ? this.#others : this.#newcomers
      const bucket = row.head
      if (bucket === NONE || this.#creditBytes[bucket]! > 0) return bucket
      this.#creditBytes[bucket]! += this.#quantumBytes
      this.#moveBack(row)
    }
  }

  /** The current bucket has sent a packet. */
  spend(bucket: number, bytes: number): void {
    this.#creditBytes[bucket]! -= bytes
  }

  /**
   * The current bucket is empty. A newcomer stays and waits behind the others, or a flow that sends one packet at a
   * time would always come first.
   */
  leave(bucket: number): void {
    if (this.#newcomers.head === bucket && this.#others.head !== NONE) return this.#moveBack(this.#newcomers)
    this.#takeFirst(this.#newcomers.head === bucket ? this.#newcomers : this.#others)
    this.#isWaiting[bucket] = 0
  }

  #moveBack(from: Row): void {
    this.#append(this.#others, this.#takeFirst(from))
  }

  #append(row: Row, bucket: number): void {
    this.#next[bucket] = NONE
    if (row.head === NONE) row.head = bucket
    else this.#next[row.tail] = bucket
    row.tail = bucket
  }

  #takeFirst(row: Row): number {
    const bucket = row.head
    row.head = this.#next[bucket]!
    return bucket
  }
}
