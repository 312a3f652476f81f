import type { Random } from '@mp/testkit'

/** One direction of a line: a queue in front of a bottleneck, then the way. Times in ms, rates in bit/s. */
export interface LinkOptions {
  /** Rate of the bottleneck. */
  readonly rateBps: (nowMs: number) => number
  /** One-way delay behind it. */
  readonly delayMs: (nowMs: number) => number
  /** The queue holds what the link carries in this time (at its first rate), and two packets at least. Default 100. */
  readonly queueMs?: number
  /** Share of frames lost on the way. */
  readonly lossRatio?: number
  /** Frames are lost in bursts, of so many in the mean. Default: one by one. */
  readonly burstFrames?: number
  /** Further delay, drawn every 10 ms between 0 and this; frames stay in order. */
  readonly jitterMs?: number
  /** Frames may overtake each other by jitter, drawn for each. */
  readonly reorder?: boolean
  /** Frames above `rateBps` are dropped and none waits: a bucket of this many ms. */
  readonly policerMs?: number
}

/** Who sent a frame. */
export const OURS = 0
export const THEIRS = 1

export interface Frame {
  readonly owner: number
  readonly counter: number
  readonly bytes: number
  readonly sentMs: number
  waitMs: number
  arriveMs: number
}

/** A first-in first-out list that does not shift what is in it. */
export class Fifo<T> {
  #items: T[] = []
  #head = 0

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}

/** Steps of one millisecond; within a step frames leave one after the other. */
export class Link {
  readonly #options: LinkOptions
  readonly #random: Random
  readonly #queue = new Fifo<Frame>()
  readonly #limitBytes: number
  readonly #air = new Fifo<Frame>()
  #overtaking: Frame[] = []
  #queuedBytes = 0
  #credit = 0
  #tokens = 0
  #jitterMs = 0
  #lastArriveMs = 0
  #isLosing = false
  /** Called for each frame the queue has no room for. */
  onDrop: (frame: Frame) => void = () => {}

  constructor(options: LinkOptions, random: Random) {
    this.#options = options
    this.#random = random
    this.#limitBytes = Math.max(3000, ((options.queueMs ?? 100) * options.rateBps(0)) / 8000)
  }

  send(frame: Frame): void {
    if (this.#options.policerMs !== undefined) {
      if (this.#tokens < frame.bytes) return this.onDrop(frame)
      this.#tokens -= frame.bytes
      return this.#depart(frame, frame.sentMs)
    }
    if (this.#queuedBytes + frame.bytes > this.#limitBytes) return this.onDrop(frame)
    this.#queuedBytes += frame.bytes
    this.#queue.push(frame)
  }

  /** Serves the millisecond from `nowMs` on. */
  serve(nowMs: number): void {
    const rate = this.#options.rateBps(nowMs) / 8000
    const policerBytes = (this.#options.policerMs ?? 0) * rate
    this.#tokens = Math.min(Math.max(3000, policerBytes), this.#tokens + rate)
    if (nowMs % 10 === 0) this.#jitterMs = (this.#options.jitterMs ?? 0) * this.#random()
    if (this.#queue.first === undefined) return
    const had = this.#credit
    this.#credit += rate
    let used = 0
    for (let frame = this.#queue.first; frame && frame.bytes <= this.#credit; frame = this.#queue.first) {
      this.#queue.shift()
      this.#queuedBytes -= frame.bytes
      this.#credit -= frame.bytes
      used += frame.bytes
      this.#depart(frame, nowMs + Math.max(0, used - had) / rate)
    }
    if (this.#queue.first === undefined) this.#credit = 0
  }

  /** Takes what has arrived by `nowMs`, in order of arrival. */
  arrived(nowMs: number): Frame[] {
    const here: Frame[] = []
    for (let frame = this.#air.first; frame && frame.arriveMs <= nowMs; frame = this.#air.first) {
      this.#air.shift()
      here.push(frame)
    }
    if (!this.#options.reorder) return here
    here.push(...this.#overtaking.filter((frame) => frame.arriveMs <= nowMs))
    this.#overtaking = this.#overtaking.filter((frame) => frame.arriveMs > nowMs)
    return here.toSorted((a, b) => a.arriveMs - b.arriveMs)
  }

  #loses({ lossRatio = 0, burstFrames }: LinkOptions): boolean {
    if (burstFrames === undefined) return this.#random() < lossRatio
    const share = this.#isLosing ? 1 - 1 / burstFrames : lossRatio / (1 - lossRatio) / burstFrames
    this.#isLosing = this.#random() < share
    return this.#isLosing
  }

  #depart(frame: Frame, nowMs: number): void {
    const options = this.#options
    frame.waitMs = nowMs - frame.sentMs
    if (this.#loses(options)) return
    const jitterMs = options.reorder ? (options.jitterMs ?? 0) * this.#random() : this.#jitterMs
    const at = nowMs + options.delayMs(nowMs) + jitterMs
    frame.arriveMs = options.reorder ? at : Math.max(this.#lastArriveMs, at)
    this.#lastArriveMs = frame.arriveMs
    if (options.reorder) this.#overtaking.push(frame)
    else this.#air.push(frame)
  }
}
