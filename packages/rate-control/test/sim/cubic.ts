import { Fifo } from './link.ts'

const BETA = 0.7
const SCALE = 0.4

/** A flow that always has something to send and fills what queue there is: TCP with CUBIC (RFC 9438), very plainly. */
export class CubicFlow {
  readonly frameBytes = 1400
  readonly #events = new Fifo<{ atMs: number; lost: boolean; rttMs: number }>()
  #window = 10
  #threshold = Infinity
  #most = 10
  #epochMs: number | undefined
  #inFlight = 0
  #recoverMs = 0
  #rttMs = 100

  /** How many frames it sends now. */
  take(nowMs: number): number {
    for (let event = this.#events.first; event && event.atMs <= nowMs; event = this.#events.first) {
      this.#events.shift()
      this.#inFlight--
      this.#rttMs = event.rttMs
      if (event.lost) this.#shrink(nowMs)
      else this.#grow(nowMs)
    }
    const count = Math.max(0, Math.floor(this.#window) - this.#inFlight)
    this.#inFlight += count
    return count
  }

  /** The fate of a frame becomes known at `atMs`; calls in the order of these times. */
  tell(atMs: number, rttMs: number, lost: boolean): void {
    this.#events.push({ atMs, rttMs, lost })
  }

  get rttMs(): number {
    return this.#rttMs
  }

  #shrink(nowMs: number): void {
    if (nowMs < this.#recoverMs) return
    this.#recoverMs = nowMs + this.#rttMs
    this.#most = this.#window
    this.#window = Math.max(2, this.#window * BETA)
    this.#threshold = this.#window
    this.#epochMs = undefined
  }

  #grow(nowMs: number): void {
    if (this.#window < this.#threshold) {
      this.#window++
      return
    }
    this.#epochMs ??= nowMs
    const k = Math.cbrt((this.#most * (1 - BETA)) / SCALE)
    const s = (nowMs - this.#epochMs + this.#rttMs) / 1000
    const cubic = SCALE * (s - k) ** 3 + this.#most
    const reno = this.#most * BETA + (0.53 * (nowMs - this.#epochMs)) / this.#rttMs
    const target = Math.min(1.5 * this.#window, Math.max(cubic, reno))
    if (target > this.#window) this.#window += (target - this.#window) / this.#window
  }
}
