import { CapacityController, emptyReport, FlightTracker, Pacer, PathReceiver } from '@mp/rate-control'
import type { PathReport } from '@mp/interface'
import type { CapacityEvent, CapacityOptions } from '@mp/rate-control'
import { seededRandom } from '@mp/testkit'
import type { Random } from '@mp/testkit'
import { CubicFlow } from './cubic.ts'
import { Fifo, Link, OURS, THEIRS } from './link.ts'
import type { Frame, LinkOptions } from './link.ts'

export interface Scenario extends LinkOptions {
  readonly seed: number
  readonly untilMs: number
  /** Measured from here on. Default 3000. */
  readonly fromMs?: number
  /** What the source offers, bit/s. Default: always more than the path takes. */
  readonly offeredBps?: (nowMs: number) => number
  /** Another flow in the same queue, from this time on, ms. */
  readonly cubicFromMs?: number
  /** How much faster the receiver's clock runs, parts per million. Default 0. */
  readonly skewPpm?: number
  readonly options?: CapacityOptions
  /** Called after each millisecond. */
  readonly onTick?: (nowMs: number, controller: CapacityController) => void
}

export interface Outcome {
  /** Bytes of ours that arrived, as a share of what the link carries, %. */
  readonly usedPercent: number
  readonly meanQueueMs: number
  readonly p95QueueMs: number
  /** Frames of ours that did not arrive, %. */
  readonly lostPercent: number
  readonly capacityBps: number
  readonly events: CapacityEvent[]
  readonly reports: number
  readonly spuriousFrames: number
}

const FRAME_BYTES = 1400

/** Runs receiver, tracker, controller and pacer over an emulated link in virtual time. */
export function simulate(scenario: Scenario): Outcome {
  const world = new World(scenario)
  for (let nowMs = 0; nowMs < scenario.untilMs; nowMs++) world.step(nowMs)
  return world.outcome()
}

class World {
  readonly #scenario: Scenario
  readonly #link: Link
  readonly #random: Random
  readonly #controller: CapacityController
  readonly #tracker: FlightTracker
  readonly #pacer: Pacer
  readonly #receiver = new PathReceiver()
  readonly #reports = new Fifo<{ atMs: number; report: PathReport }>()
  readonly #cubic = new CubicFlow()
  readonly #waits: number[] = []
  readonly #sent = {
    counter: 0,
    frames: 1,
    from: 0,
    bytes: Int32Array.of(FRAME_BYTES),
    slots: undefined,
    appLimited: false,
  }
  readonly #received = { counter: 0, bytes: 0, sendTime: 0, duplicate: false }
  #offered = 0
  #usedBytes = 0
  #capacityBytes = 0
  #sentFrames = 0
  #arrivedFrames = 0
  #reportCount = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#random = seededRandom(scenario.seed)
    this.#link = new Link(scenario, this.#random)
    this.#controller = new CapacityController({ maxEvents: 100_000, ...scenario.options })
    this.#tracker = new FlightTracker({ onLost: () => Infinity, onDone: () => {} }, { maxFrames: 65_536 })
    this.#pacer = new Pacer(this.#controller.capacityBps)
    this.#link.onDrop = (frame) => {
      if (frame.owner === THEIRS) this.#tellCubic(frame, frame.sentMs + this.#cubic.rttMs, true)
    }
  }

  step(nowMs: number): void {
    this.#readReports(nowMs)
    this.#send(nowMs)
    if (nowMs >= (this.#scenario.cubicFromMs ?? Infinity)) this.#sendCubic(nowMs)
    this.#link.serve(nowMs)
    this.#receive(nowMs + 1)
    this.#scenario.onTick?.(nowMs, this.#controller)
    if (nowMs >= this.#fromMs) this.#capacityBytes += this.#scenario.rateBps(nowMs) / 8000
  }

  outcome(): Outcome {
    const waits = this.#waits.toSorted((a, b) => a - b)
    const events: CapacityEvent[] = []
    for (let event = this.#controller.pollEvent(); event; event = this.#controller.pollEvent())
      events.push(event)
    return {
      usedPercent: (100 * this.#usedBytes) / this.#capacityBytes,
      meanQueueMs: waits.reduce((sum, wait) => sum + wait, 0) / waits.length,
      p95QueueMs: waits[Math.floor(waits.length * 0.95)] ?? NaN,
      lostPercent: 100 * Math.max(0, 1 - this.#arrivedFrames / this.#sentFrames),
      capacityBps: this.#controller.capacityBps,
      events,
      reports: this.#reportCount,
      spuriousFrames: this.#tracker.spuriousFrames,
    }
  }

  get #fromMs(): number {
    return this.#scenario.fromMs ?? 3000
  }

  #readReports(nowMs: number): void {
    for (let next = this.#reports.first; next && next.atMs <= nowMs; next = this.#reports.first) {
      this.#reports.shift()
      if (this.#tracker.handleReport(next.report, nowMs) !== 'used') continue
      this.#controller.handleSample(this.#tracker.sample, nowMs)
      this.#pacer.setRate(this.#controller.capacityBps, nowMs)
      this.#receiver.setRttMin(this.#tracker.rttMinMs)
    }
  }

  #send(nowMs: number): void {
    const { offeredBps } = this.#scenario
    this.#offered =
      offeredBps === undefined ? Infinity : Math.min(1e6, this.#offered + offeredBps(nowMs) / 8000)
    const room = this.#controller.inFlightLimitBytes - this.#tracker.inFlightBytes
    let budget = Math.min(this.#pacer.budgetBytes(nowMs), room)
    while (budget >= FRAME_BYTES && this.#offered >= FRAME_BYTES) {
      this.#offered -= FRAME_BYTES
      budget -= FRAME_BYTES
      this.#sent.appLimited = this.#offered < FRAME_BYTES
      this.#pacer.spend(FRAME_BYTES)
      this.#tracker.handleSent(this.#sent, nowMs)
      this.#link.send(frameOf(OURS, this.#sent.counter++, nowMs))
      if (nowMs >= this.#fromMs) this.#sentFrames++
    }
  }

  #sendCubic(nowMs: number): void {
    for (let left = this.#cubic.take(nowMs); left > 0; left--) this.#link.send(frameOf(THEIRS, 0, nowMs))
  }

  #receive(nowMs: number): void {
    for (const frame of this.#link.arrived(nowMs)) {
      if (frame.owner === THEIRS) {
        const backMs = frame.arriveMs + this.#scenario.delayMs(nowMs)
        this.#tellCubic(frame, backMs, false)
      } else this.#receiveOurs(frame, nowMs)
    }
    if (this.#receiver.wantsReport(this.#theirClock(nowMs))) this.#report(nowMs)
  }

  #receiveOurs(frame: Frame, nowMs: number): void {
    const received = this.#received
    received.counter = frame.counter
    received.bytes = frame.bytes
    received.sendTime = Math.floor(frame.sentMs / 0.128) & 0xffff
    this.#receiver.handleFrame(received, this.#theirClock(nowMs))
    if (nowMs < this.#fromMs) return
    this.#arrivedFrames++
    this.#usedBytes += frame.bytes
    this.#waits.push(frame.waitMs)
  }

  #report(nowMs: number): void {
    const report = emptyReport()
    this.#receiver.writeReport(report, this.#theirClock(nowMs))
    this.#reportCount++
    if (this.#random() < (this.#scenario.lossRatio ?? 0)) return
    this.#reports.push({ atMs: nowMs + this.#scenario.delayMs(nowMs), report })
  }

  /** The two clocks have nothing to do with each other. */
  #theirClock(nowMs: number): number {
    return 123_456_789.5 + nowMs * (1 + (this.#scenario.skewPpm ?? 0) / 1e6)
  }

  #tellCubic(frame: Frame, atMs: number, lost: boolean): void {
    this.#cubic.tell(atMs, atMs - frame.sentMs, lost)
  }
}

function frameOf(owner: number, counter: number, nowMs: number): Frame {
  return { owner, counter, bytes: FRAME_BYTES, sentMs: nowMs, waitMs: 0, arriveMs: 0 }
}
