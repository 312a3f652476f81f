import type {
  ClassModes,
  PathEstimate,
  PathMode,
  PickRequest,
  Refusal,
  Schedulable,
  Scheduler,
} from '@mp/interface'
import { checkedOptions, modeTable } from './adaptive-options.ts'
import type { AdaptiveOptions, CheckedOptions, ModeTable } from './adaptive-options.ts'
import { checkEstimate } from './check-estimate.ts'
import { checkLength, positive } from './check.ts'
import { CopyBudget } from './copy-budget.ts'
import { Fairness } from './fairness.ts'
import { FlowRun, MS_PER_BYTE, NOW } from './flow-run.ts'
import { Hot, PathTable, ROW } from './path-table.ts'
import { TIERS, Tiers } from './tiers.ts'

const BULK = 0
const CRITICAL = 2

/** What may wait for a path in the mode `lowest-latency`, ms: a few wake-ups of whoever sends. */
const LOW_LATENCY_QUEUE_MS = 10

const NO_PATH = -1

/** The state of one path in an {@link AdaptiveScheduler}. */
export interface AdaptivePathStats<P extends Schedulable = Schedulable> {
  readonly id: P['id']
  readonly weight: number
  readonly isRunnable: boolean
  /** Bytes charged since `add`. */
  readonly sentBytes: number
  /** When all that was charged will have left, ms; `-Infinity` when that is long past. */
  readonly freeAtMs: number
  /** What a packet on it loses against one that arrives at once, ms, on the scale of `owdMinMs`. */
  readonly delayMs: number
  /** How much may wait for it, ms; 0 when it is not in use now. */
  readonly allowanceMs: number
  /** Sent bytes ÷ weight, on a scale of its tier; 0 without a limit of fairness. */
  readonly virtualBytes: number
}

/**
 * Sends each packet where it is expected to arrive first: the path with the least
 *
 * `max(now, free) + length ÷ capacity + delay`
 *
 * where _free_ is when everything charged to the path before will have left, and _delay_ the one-way delay with what waits
 * in the network's queues, the cost of losses and a price. (Earliest delivery path first:
 * Chebrolu, Rao, "Bandwidth aggregation for real-time applications in heterogeneous wireless networks", 2006.) Packets that take different paths so arrive nearly in the order they
 * came, each path gets what it carries, and nobody has to give rates.
 *
 * A path is full when what waits for it exceeds its allowance: what makes it as slow as the slowest path in use, and
 * some slack. Then nothing is sent although a path may be found later: packets are better kept where they can still be dropped,
 * overtaken or sent elsewhere.
 *
 * Up to 32 paths. Picks allocate nothing and look at each path once; everything else is done when something is observed.
 */
export class AdaptiveScheduler<P extends Schedulable> implements Scheduler<P> {
  refusal: Refusal = 'no-path'
  copiedClasses = 0
  readonly #options: CheckedOptions
  readonly #table = new PathTable<P>()
  readonly #tiers: Tiers<P>
  readonly #fairness: Fairness<P>
  readonly #budget: CopyBudget
  readonly #lowLatencyMs: number
  #modes: ModeTable
  /** Bit c: the class c waits for the best path; the class c keeps runs together. */
  #patientClasses = 0
  #runClasses = 0
  readonly #isLimited: boolean
  /** The latest time told, and how long a byte takes on the path at hand. In an array, as a field of fractions would be a new object each time. */
  readonly #clock = new Float64Array(2)
  readonly #run = new FlowRun(this.#clock)
  /** What the last `peek` was about: its path, and whether nothing was charged since. */
  #peeked = NO_PATH
  #isFresh = false
  #isRun = false
  #flow = 0
  #trafficClass = BULK

  /** Throws RangeError for an option out of its range. */
  constructor(options: AdaptiveOptions = {}) {
    this.#options = checkedOptions(options)
    const { slackMs, spreadMs, copyRatio } = this.#options
    this.#tiers = new Tiers(this.#table, slackMs, spreadMs)
    this.#fairness = new Fairness(this.#table, this.#tiers, this.#options)
    this.#budget = new CopyBudget(copyRatio)
    this.#lowLatencyMs = Math.min(slackMs, LOW_LATENCY_QUEUE_MS)
    this.#isLimited = this.#fairness.isLimited
    this.#modes = modeTable(options.modes)
    this.setModes(options.modes ?? {})
  }

  setModes(modes: ClassModes): void {
    this.#modes = modeTable(modes)
    this.#patientClasses = this.#classesOf('lowest-latency')
    // Runs would break a limit of fairness, and the other modes and critical packets ask for more than a run can promise.
    this.#runClasses = this.#isLimited ? 0 : this.#classesOf('aggregate') & ~(1 << CRITICAL)
    this.copiedClasses = this.#classesOf('redundant') | (this.#options.copyRatio > 0 ? 1 << CRITICAL : 0)
    this.#run.end()
    this.#peeked = NO_PATH
  }

  /**
   * Makes `path` known and runnable. Until it is observed it counts as slow, with a capacity in proportion to its weight.
   * Throws RangeError for an id in use, a weight that is not finite and > 0, and the 33rd path.
   */
  add(path: P): void {
    this.#table.add(path)
    this.#refresh()
  }

  /** Forgets `path`. False when it is not known. */
  remove(path: P): boolean {
    if (!this.suspend(path) && this.#table.find(path) < 0) return false
    this.#table.remove(this.#table.find(path))
    this.#refresh()
    return true
  }

  /** Takes `path` out of the choice. False when unknown or suspended already. */
  suspend(path: P): boolean {
    return this.#setRunnable(path, 0)
  }

  /** Puts `path` back, with nothing waiting for it. False when unknown or runnable already. */
  resume(path: P): boolean {
    return this.#setRunnable(path, 1)
  }

  /**
   * Changes the share from now on. It counts only with `fairnessBytes`, and before the path is observed. False when `path` is not known.
   * Throws RangeError for a weight that is not finite and > 0.
   */
  setWeight(path: P, weight: number): boolean {
    positive('weight', weight)
    const index = this.#table.find(path)
    if (index < 0) return false
    this.#fairness.setWeight(index, weight)
    this.#refresh()
    return true
  }

  /**
   * Tells what `path` is like now; what waits for it is set right by `queuedBytes`. False when `path` is not known.
   * Throws RangeError, and changes nothing, for a value out of its range.
   */
  observe(path: P, estimate: PathEstimate, nowMs: number): boolean {
    checkEstimate(estimate)
    const index = this.#table.find(path)
    if (index < 0) return false
    this.#clock[NOW] = nowMs
    this.#table.observe(index, estimate, nowMs)
    this.#refresh()
    return true
  }

  /** The path on which this packet is expected to arrive first, or undefined: then `refusal` says why. */
  peek(request: Readonly<PickRequest>): P | undefined {
    const { nowMs, flow, trafficClass } = request
    this.#clock[NOW] = nowMs
    this.#flow = flow
    this.#trafficClass = trafficClass
    this.#isRun = this.#run.index >= 0 && this.#continuesRun(request)
    this.#isFresh = true
    const index = this.#isRun ? this.#run.index : this.#pick(request)
    this.#peeked = index
    return index < 0 ? undefined : this.#table.paths[index]
  }

  /**
   * Further paths for the packet just peeked: in the mode `redundant` all of its tier that have room, otherwise for a
   * critical packet the second fastest, within the budget and unless that has a price.
   */
  copies(request: Readonly<PickRequest>, out: (P | undefined)[]): number {
    if (this.#peeked < 0) return 0
    if (this.#modeOf(request.trafficClass) === 'redundant') return this.#allOthers(request, out)
    if (request.trafficClass !== CRITICAL || out.length === 0) return 0
    const second = this.#best(this.#table.role[this.#peeked]!, request, this.#peeked)
    if (second < 0 || this.#table.isPriced[second] === 1) return 0
    if (!this.#budget.take(request.lengthBytes, request.nowMs)) return 0
    out[0] = this.#table.paths[second]
    return 1
  }

  /**
   * Accounts `lengthBytes` sent on `path`, of the class of the packet last peeked. Unknown paths are ignored.
   * Throws RangeError for a length that is negative, not finite or NaN.
   * @param nowMs Default: the latest time told.
   */
  charge(path: P, lengthBytes: number, nowMs?: number): void {
    checkLength(lengthBytes)
    const { paths, hot } = this.#table
    // Reading an array at -1 is a hundred times as slow as it looks.
    const isPeeked = this.#peeked >= 0 && paths[this.#peeked] === path
    const index = isPeeked ? this.#peeked : this.#table.find(path)
    if (index < 0) return
    if (nowMs !== undefined) this.#clock[NOW] = nowMs
    const row = index * ROW
    const fromMs = this.#clock[NOW]!
    const tookMs = lengthBytes * hot[row + Hot.msPerByte]!
    hot[row + Hot.freeAtMs] = Math.max(fromMs, hot[row + Hot.freeAtMs]!) + tookMs
    if (this.#trafficClass === CRITICAL) {
      hot[row + Hot.urgentFreeAtMs] = Math.max(fromMs, hot[row + Hot.urgentFreeAtMs]!) + tookMs
    }
    hot[row + Hot.sentBytes]! += lengthBytes
    if (this.#isLimited) this.#fairness.charge(index, lengthBytes)
    if (index === this.#peeked) this.#chargeRun(index, lengthBytes)
  }

  get runBytes(): number {
    if (this.#peeked < 0 || this.#peeked !== this.#run.index || !this.#keepsRuns(this.#trafficClass)) return 0
    const { hot } = this.#table
    const row = this.#peeked * ROW
    const roomMs = hot[row + Hot.allowanceMs]! - (hot[row + Hot.freeAtMs]! - this.#clock[NOW]!)
    const roomBytes = Math.floor(roomMs / hot[row + Hot.msPerByte]!)
    return Math.max(0, Math.min(this.#run.leftBytes(this.#flow), roomBytes))
  }

  /** The state of every path, in order of `add`; for status output and tests. */
  snapshot(): AdaptivePathStats<P>[] {
    const { paths, hot, weight, isRunnable, tier } = this.#table
    return paths.map((path, index) => ({
      id: path.id,
      weight: weight[index]!,
      isRunnable: isRunnable[index] === 1,
      sentBytes: hot[index * ROW + Hot.sentBytes]!,
      freeAtMs: hot[index * ROW + Hot.freeAtMs]!,
      delayMs: hot[index * ROW + Hot.delayMs]!,
      allowanceMs: tier[index]! < 0 ? 0 : hot[index * ROW + Hot.allowanceMs]!,
      virtualBytes: hot[index * ROW + Hot.virtualBytes]!,
    }))
  }

  #setRunnable(path: P, runnable: 0 | 1): boolean {
    const { isRunnable } = this.#table
    const index = this.#table.find(path)
    if (index < 0 || isRunnable[index] === runnable) return false
    isRunnable[index] = runnable
    this.#table.forgetQueue(index)
    this.#refresh()
    return true
  }

  /** Ends every change of what is known: works out what picks go by. */
  #refresh(): void {
    this.#tiers.refresh()
    this.#fairness.place()
    this.#run.end()
    this.#peeked = NO_PATH
    const { count, tier, bytesPerSecond } = this.#table
    let capacity = 0
    for (let index = 0; index < count; index++) if (tier[index]! >= 0) capacity += bytesPerSecond[index]!
    this.#budget.setCapacity(capacity)
  }

  #modeOf(trafficClass: number): PathMode {
    return this.#modes[trafficClass] ?? this.#modes[BULK]
  }

  /** Also of the class that does not exist: it counts as bulk. */
  #classesOf(mode: PathMode): number {
    return [0, 1, 2, 3].reduce((bits, each) => bits | (this.#modeOf(each) === mode ? 1 << each : 0), 0)
  }

  #pick(request: Readonly<PickRequest>): number {
    let fits = false
    for (let tier = 0; tier < TIERS; tier++) {
      const best = this.#best(tier, request, NO_PATH)
      if (best >= 0) return best
      const room = this.#roomOf(tier, request)
      fits ||= room !== 'none-fits'
      // A better path than the ones with room is worth waiting for; only when there is no room at all the next tier serves.
      if (room === 'some') break
    }
    this.refusal = fits ? 'full' : this.#tiers.reaches[TIERS - 1] === 0 ? 'no-path' : 'too-big'
    return NO_PATH
  }

  /**
   * The path of `tier` with the least key, without `except`; negative when there is none, or none to use now.
   *
   * For a patient class it must be the best of all, and when that is full it is waited for. For the others the best with room
   * will do, which is the same but for paths that take longer than the slack to send one packet.
   */
  #best(tier: number, request: Readonly<PickRequest>, except: number): number {
    const { lengthBytes, nowMs, trafficClass } = request
    const { hot } = this.#table
    const { order, ends, reaches } = this.#tiers
    const free = trafficClass === CRITICAL ? Hot.urgentFreeAtMs : Hot.freeAtMs
    const isPatient = ((this.#patientClasses >> trafficClass) & 1) === 1
    const limit = this.#isLimited ? this.#fairness.limitOf(tier, lengthBytes) : Infinity
    const end = isPatient ? reaches[tier]! : ends[tier]!
    let best = NO_PATH
    let leastMs = Infinity
    let bestWaitMs = 0
    for (let at = this.#tiers.beginOf(tier); at < end; at++) {
      const index = order[at]!
      const row = index * ROW
      const aheadMs = hot[row + free]! - nowMs
      const waitMs = aheadMs > 0 ? aheadMs : 0
      const keyMs = waitMs + lengthBytes * hot[row + Hot.msPerByte]! + hot[row + Hot.delayMs]!
      if (keyMs >= leastMs || lengthBytes > hot[row + Hot.maxPacketBytes]!) continue
      if (!isPatient && waitMs > hot[row + Hot.allowanceMs]!) continue
      if (index === except || hot[row + Hot.virtualBytes]! > limit) continue
      leastMs = keyMs
      bestWaitMs = waitMs
      best = index
    }
    return isPatient && bestWaitMs > this.#lowLatencyMs ? NO_PATH : best
  }

  /** Whether some path of `tier` that takes the packet has room, best or not. */
  #roomOf(tier: number, request: Readonly<PickRequest>): 'none-fits' | 'none' | 'some' {
    const { order, ends } = this.#tiers
    let room: 'none-fits' | 'none' = 'none-fits'
    for (let at = this.#tiers.beginOf(tier); at < ends[tier]!; at++) {
      if (request.lengthBytes > this.#table.hot[order[at]! * ROW + Hot.maxPacketBytes]!) continue
      if (this.#hasRoom(order[at]!, request)) return 'some'
      room = 'none'
    }
    return room
  }

  #hasRoom(index: number, { trafficClass, nowMs }: Readonly<PickRequest>): boolean {
    const { hot } = this.#table
    const row = index * ROW
    const waitMs = hot[row + (trafficClass === CRITICAL ? Hot.urgentFreeAtMs : Hot.freeAtMs)]! - nowMs
    const isPatient = ((this.#patientClasses >> trafficClass) & 1) === 1
    return waitMs <= (isPatient ? this.#lowLatencyMs : hot[row + Hot.allowanceMs]!)
  }

  #allOthers(request: Readonly<PickRequest>, out: (P | undefined)[]): number {
    const { paths, role, hot } = this.#table
    const { order, ends } = this.#tiers
    const tier = role[this.#peeked]!
    let count = 0
    for (let at = this.#tiers.beginOf(tier); at < ends[tier]! && count < out.length; at++) {
      const index = order[at]!
      const fits = request.lengthBytes <= hot[index * ROW + Hot.maxPacketBytes]!
      if (index !== this.#peeked && fits && this.#hasRoom(index, request)) out[count++] = paths[index]
    }
    return count
  }

  #continuesRun({ flow, lengthBytes, nowMs, trafficClass }: Readonly<PickRequest>): boolean {
    const { hot } = this.#table
    const row = this.#run.index * ROW
    if (lengthBytes > this.#run.leftBytes(flow)) return false
    if (!this.#keepsRuns(trafficClass) || lengthBytes > hot[row + Hot.maxPacketBytes]!) return false
    return hot[row + Hot.freeAtMs]! - nowMs <= hot[row + Hot.allowanceMs]!
  }

  #keepsRuns(trafficClass: number): boolean {
    return ((this.#runClasses >> trafficClass) & 1) === 1
  }

  /** Charged more than once for one packet, as for its pieces, a run goes on. */
  #chargeRun(index: number, lengthBytes: number): void {
    if (!this.#keepsRuns(this.#trafficClass)) return
    this.#clock[MS_PER_BYTE] = this.#table.hot[index * ROW + Hot.msPerByte]!
    if (this.#isRun || !this.#isFresh) this.#run.spend(lengthBytes)
    else this.#run.begin(index, this.#flow, lengthBytes)
    this.#isFresh = false
  }
}
