import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Running } from '@mp/netlab'
import type { Measured } from './story.ts'

/** Watches a `transfer.js fetch`: how many bytes had arrived when. */
export class Download {
  /** The first report came: the connection stands. Rejects as {@link ended}. */
  readonly begun: Promise<void>
  /** The transfer ended. Rejects when it failed, with what it said. */
  readonly ended: Promise<void>
  readonly #atMs: number[] = []
  readonly #bytes: number[] = []

  constructor(running: Running) {
    const lines = createInterface(running.child.stdout)
    lines.on('line', (line) => {
      this.#atMs.push(performance.now())
      this.#bytes.push(Number(line))
    })
    this.ended = endOf(running)
    this.begun = Promise.race([once(lines, 'line').then(() => undefined), this.ended])
    // Whoever awaits them sees the rejections; one that nobody awaits must not end the process.
    this.begun.catch(() => {})
    this.ended.catch(() => {})
  }

  /** Seconds since the first report. */
  elapsed(): number {
    return (performance.now() - this.#atMs[0]!) / 1000
  }

  /** Goodput and longest silence between two moments, seconds since the first report. */
  measure(fromSecond: number, toSecond: number): Measured {
    const startMs = this.#atMs[0] ?? 0
    const inside = this.#atMs
      .map((atMs, index) => ({ second: (atMs - startMs) / 1000, bytes: this.#bytes[index]! }))
      .filter(({ second }) => second >= fromSecond && second <= toSecond)
    const first = inside.at(0)
    const last = inside.at(-1)
    if (first === undefined || last === undefined || first === last) return { mbit: 0, gapMs: 0 }
    let gapMs = 0
    let advance = first
    for (const report of inside) {
      if (report.bytes > advance.bytes || report === last) {
        gapMs = Math.max(gapMs, (report.second - advance.second) * 1000)
        advance = report
      }
    }
    return { mbit: ((last.bytes - first.bytes) * 8) / 1e6 / (last.second - first.second), gapMs }
  }
}

async function endOf(running: Running): Promise<void> {
  const { code, stderr } = await running.exited
  if (code !== 0) throw new Error(`the download failed: ${stderr.trim()}`)
}
