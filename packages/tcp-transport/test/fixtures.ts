import type { FrameHandler, FrameSource, Link, PacketBatch, PacketPool } from '@mp/interface'

/** A frame as text, with where it came from. */
export interface Heard {
  readonly text: string
  readonly peer: number
  readonly source: FrameSource
}

/** Remembers what it is told and gives the slots back. */
export class Recorder implements FrameHandler {
  readonly heard: Heard[] = []
  readonly writable: Link[] = []
  readonly closed: [link: Link, error: Error | undefined][] = []
  /** Frames per call. */
  readonly batches: number[] = []
  readonly #pool: PacketPool

  constructor(pool: PacketPool) {
    this.#pool = pool
  }

  onFrames(batch: PacketBatch, source: FrameSource): void {
    this.batches.push(batch.count)
    for (const [row, text] of textsOf(this.#pool, batch).entries()) {
      this.heard.push({ text, peer: batch.peer[row]!, source })
    }
    this.#pool.releaseAll(batch)
  }

  onWritable(link: Link): void {
    this.writable.push(link)
  }

  onUnreachable(): void {}

  onClose(link: Link, error?: Error): void {
    this.closed.push([link, error])
  }
}

/** The packets of a batch as text. */
export function textsOf(pool: PacketPool, batch: PacketBatch): string[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const offset = batch.offset[row]!
    return Buffer.from(pool.arena.subarray(offset, offset + batch.length[row]!)).toString('latin1')
  })
}

/** A batch with one packet per text. */
export function batchOfTexts(pool: PacketPool, texts: readonly string[]): PacketBatch {
  const batch = pool.createBatch(Math.max(1, texts.length))
  for (const text of texts) {
    const slot = pool.acquire(Math.max(1, text.length))
    pool.arena.set(Buffer.from(text, 'latin1'), pool.offsetOf(slot))
    batch.push(slot, pool.offsetOf(slot), text.length)
  }
  return batch
}

/** Sends texts and says how many were taken; the rest is released. */
export function sendTexts(pool: PacketPool, link: Link, ...texts: readonly string[]): number {
  const batch = batchOfTexts(pool, texts)
  const taken = link.send(batch)
  pool.releaseAll(batch)
  return taken
}

/** For the end of a test: throws when it lost slots. */
export function expectNoneOut({ inUse }: PacketPool): void {
  if (inUse !== 0) throw new Error(`${inUse} slots are still out at the end of the test`)
}
