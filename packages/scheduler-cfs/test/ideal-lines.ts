import type { PathEstimate } from '@mp/interface'
import type { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { estimate } from './adaptive-support.ts'
import { packet } from './support.ts'
import type { TestPath } from './support.ts'

/** A line that keeps its rate and its delay and loses nothing. */
export interface Line {
  readonly bytesPerSecond: number
  readonly owdMs: number
}

/** A packet that went out. */
export interface Sent {
  readonly path: number
  readonly bytes: number
  /** When it was given to the line, began to leave, and was all there, ms. */
  readonly atMs: number
  readonly startMs: number
  readonly arrivalMs: number
}

/** Sends packets over ideal lines: a pump that wakes up every ms and gives out packets until the scheduler says stop. */
export class IdealLines {
  readonly scheduler: AdaptiveScheduler<TestPath>
  readonly paths: TestPath[]
  readonly lines: readonly Line[]
  readonly sent: Sent[] = []
  nowMs = 0
  /** Times at which packets were left and the scheduler said `full`. */
  readonly fullAtMs: number[] = []
  readonly #freeMs: number[]
  readonly #backlog: number[] = []

  constructor(
    scheduler: AdaptiveScheduler<TestPath>,
    lines: readonly Line[],
    known: readonly Partial<PathEstimate>[] = [],
  ) {
    this.scheduler = scheduler
    this.lines = lines
    this.paths = lines.map((_, id) => ({ id, weight: 1 }))
    this.#freeMs = lines.map(() => 0)
    for (const [id, path] of this.paths.entries()) {
      scheduler.add(path)
      const { bytesPerSecond, owdMs } = lines[id]!
      scheduler.observe(path, estimate({ bytesPerSecond, owdMinMs: owdMs, ...known[id] }), 0)
    }
  }

  /** Packets come, and as many leave as the scheduler lets; each is of another flow. */
  offer(...lengths: number[]): void {
    this.#backlog.push(...lengths)
    while (this.#backlog.length > 0) {
      const bytes = this.#backlog[0]!
      const path = this.scheduler.peek(packet(bytes, { nowMs: this.nowMs, flow: this.sent.length }))
      if (path === undefined) {
        this.fullAtMs.push(this.nowMs)
        return
      }
      this.#backlog.shift()
      this.scheduler.charge(path, bytes)
      this.#carry(path.id, bytes)
    }
  }

  get backlog(): number {
    return this.#backlog.length
  }

  /** For how long the line will be busy with what it was given, ms. */
  busyMs(path: number): number {
    return Math.max(0, this.#freeMs[path]! - this.nowMs)
  }

  #carry(path: number, bytes: number): void {
    const { bytesPerSecond, owdMs } = this.lines[path]!
    const startMs = Math.max(this.nowMs, this.#freeMs[path]!)
    const freeMs = startMs + (1000 * bytes) / bytesPerSecond
    this.#freeMs[path] = freeMs
    this.sent.push({ path, bytes, atMs: this.nowMs, startMs, arrivalMs: freeMs + owdMs })
  }
}

/** How long the receiver would have waited for each packet after one sent later had come, ms; 0 = in order. */
export function lateness(sent: readonly Sent[]): number[] {
  let latestMs = -Infinity
  return sent.map(({ arrivalMs }) => {
    latestMs = Math.max(latestMs, arrivalMs)
    return latestMs - arrivalMs
  })
}
