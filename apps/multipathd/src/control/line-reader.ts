const LINE_END = 0x0a

/** Cuts what comes in pieces into lines, and keeps no more than `limitBytes` of one. */
export class LineReader {
  readonly #limitBytes: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** The lines that are whole now, without their ends; undefined when one is longer than allowed: then stop reading. */
  push(chunk: Buffer): readonly string[] | undefined {
    const lines: string[] = []
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      if (this.#rest.length + end - from > this.#limitBytes) return undefined
      lines.push(this.#take(chunk.subarray(from, end)))
      from = end + 1
    }
    if (this.#rest.length + chunk.length - from > this.#limitBytes) return undefined
    this.#rest = Buffer.concat([this.#rest, chunk.subarray(from)])
    return lines
  }

  #take(end: Buffer): string {
    const line = Buffer.concat([this.#rest, end]).toString('utf8')
    this.#rest = Buffer.alloc(0)
    return line
  }
}
