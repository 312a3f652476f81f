import { emptySample, type CongestionControl } from '../control/congestion-control.ts'
import { DeliveryRate } from '../delivery-rate.ts'
import { RoundTrip } from '../rtt.ts'
import { Rack } from './rack.ts'
import { Scoreboard } from './scoreboard.ts'
import type { Segment } from './segment.ts'
import { Undo } from './undo.ts'

/** `open`: nothing is amiss. `recovery`: segments were lost. `timeout`: all were. */
type State = 'open' | 'recovery' | 'timeout'

/** What a TCP sender concludes from acknowledgements: what arrived, what is lost, how much may be sent. */
export class LossRecovery {
  readonly board: Scoreboard
  readonly rtt: RoundTrip = new RoundTrip()
  retransmits = 0
  recoveries = 0
  undone = 0
  /** Whether the last acknowledgement was for something new. */
  hasAdvanced = false
  /** When to look for losses again, ms. */
  reorderDueMs: number = Infinity
  /** Whether the window held the sender back. */
  isLimited = true
  readonly #control: CongestionControl
  readonly #rate: DeliveryRate
  readonly #rack: Rack
  readonly #undo = new Undo()
  readonly #sample = emptySample()
  readonly #mask: number
  #state: State = 'open'
  /** Recovery ends when all before this segment has arrived. */
  #end = 0
  #sentInRecovery = 0
  /** A tail loss probe that was no new data is answered when all before this is; -1 = there is none. */
  #probeEnd = -1
  #firstArrivedMs = -1
  #lastArrivedMs = -1
  /** Runs of selective acknowledgements that are known. */
  readonly #knownStart = [0, 0, 0, 0]
  readonly #knownEnd = [0, 0, 0, 0]

  /** @param windowSegments a power of 2. */
  constructor(control: CongestionControl, windowSegments: number) {
    this.#control = control
    this.board = new Scoreboard(windowSegments)
    this.#mask = windowSegments - 1
    this.#rate = new DeliveryRate(windowSegments)
    this.#rack = new Rack(this.board, this.rtt)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  sendNext(nowMs: number): number {
    this.#rate.onSent(this.board.next & this.#mask, nowMs, this.board.inflight)
    this.#sentInRecovery++
    return this.board.sendNext(nowMs)
  }

  resend(segment: number, nowMs: number): number {
    this.#rate.onSent(segment & this.#mask, nowMs, this.board.inflight)
    this.#undo.onResent(nowMs)
    this.#sentInRecovery++
    this.retransmits++
    this.board.resend(segment, nowMs)
    return segment
  }

  /** Sends the newest segment again, to see what comes back. */
  probe(nowMs: number): number {
    this.#probeEnd = this.board.next
    return this.resend(this.board.next - 1, nowMs)
  }

  onAck(ack: Segment, mssBytes: number, nowMs: number): void {
    const { board } = this
    const priorUna = board.una
    const prior = this.#rate.delivered
    const priorLost = board.lost - board.resent
    this.#firstArrivedMs = -1
    this.#lastArrivedMs = -1
    const duplicate = this.#findDuplicate(ack, mssBytes)
    const una = Math.min(board.next, Math.floor((ack.ack - 1) / mssBytes))
    for (let segment = priorUna; segment < una; segment++) this.#acknowledge(segment, nowMs)
    this.#takeBlocks(ack, { mssBytes, from: duplicate >= 0 ? 1 : 0, nowMs })
    this.hasAdvanced = board.una > priorUna
    this.#measure(ack.echo, nowMs)
    if (duplicate >= 0) this.#takeDuplicate(duplicate, prior)
    const isInDoubt = this.hasAdvanced && this.#judge(ack.echo, nowMs)
    if (!isInDoubt) this.reorderDueMs = this.onReorderTimer(nowMs)
    this.#fillSample({ nowMs, acked: board.una - priorUna, prior, priorLost })
    this.#control.onAck(this.#sample)
  }

  /** @returns when to look again, ms. */
  onReorderTimer(nowMs: number): number {
    const againMs = this.#rack.detect(nowMs, this.#state !== 'open')
    if (this.board.lost > this.board.resent && this.#state === 'open') this.#enterRecovery(nowMs)
    return againMs
  }

  onTimeout(nowMs: number): void {
    const { board } = this
    this.rtt.backOff()
    if (this.#state !== 'timeout') this.#undo.begin(board.una, board.resent)
    this.#state = 'timeout'
    this.#end = board.next
    this.#probeEnd = -1
    for (let segment = board.una; segment < board.next; segment++) {
      if (!board.hasArrived(segment)) board.markLost(segment)
    }
    this.#control.onTimeout(nowMs)
  }

  #acknowledge(segment: number, nowMs: number): void {
    if (!this.board.hasArrived(segment)) this.#arrive(segment, nowMs)
    this.board.acknowledge()
  }

  #arrive(segment: number, nowMs: number): void {
    const sentMs = this.board.sentMs(segment)
    this.#rack.onArrived(segment, nowMs)
    this.#rate.onDelivered(segment & this.#mask, sentMs, nowMs)
    if (this.board.wasResent(segment)) return
    if (this.#firstArrivedMs < 0) this.#firstArrivedMs = sentMs
    this.#lastArrivedMs = sentMs
  }

  /** A segment sent once tells the round trip; if there is none, the echoed time says which copy arrived (RFC 7323). */
  #measure(echoMs: number, nowMs: number): void {
    if (this.#firstArrivedMs >= 0)
      this.rtt.add(nowMs - this.#firstArrivedMs, nowMs - this.#lastArrivedMs, nowMs)
    else if (this.hasAdvanced) this.rtt.add(nowMs - echoMs, nowMs - echoMs, nowMs)
  }

  /** @returns the segment that the first block says arrived twice; -1 = none (RFC 2883). */
  #findDuplicate({ ack, sackBlocks, sackStart, sackEnd }: Segment, mssBytes: number): number {
    if (sackBlocks === 0) return -1
    const [start, end] = [sackStart[0]!, sackEnd[0]!]
    const isOld = end <= ack
    const isInNext = sackBlocks > 1 && start >= sackStart[1]! && end <= sackEnd[1]!
    return isOld || isInNext ? Math.floor((start - 1) / mssBytes) : -1
  }

  #takeBlocks(
    ack: Segment,
    { mssBytes, from, nowMs }: { mssBytes: number; from: number; nowMs: number },
  ): void {
    for (let block = from; block < ack.sackBlocks; block++) {
      const start = Math.max(this.board.una, Math.floor((ack.sackStart[block]! - 1) / mssBytes))
      const end = Math.min(this.board.next, Math.floor((ack.sackEnd[block]! - 1) / mssBytes))
      this.#takeRun(start, end, nowMs)
    }
  }

  /** Blocks are repeated and grow at their ends: what was known of one is not walked through again. */
  #takeRun(start: number, end: number, nowMs: number): void {
    const known = this.#knownStart.findIndex(
      (from, index) => from >= start && this.#knownEnd[index]! <= end && this.#knownEnd[index]! > from,
    )
    const knownStart = known < 0 ? end : this.#knownStart[known]!
    const knownEnd = known < 0 ? end : this.#knownEnd[known]!
    for (let segment = start; segment < knownStart; segment++) this.#selectivelyAcknowledge(segment, nowMs)
    for (let segment = knownEnd; segment < end; segment++) this.#selectivelyAcknowledge(segment, nowMs)
    const place = known < 0 ? start & 3 : known
    this.#knownStart[place] = start
    this.#knownEnd[place] = end
  }

  #selectivelyAcknowledge(segment: number, nowMs: number): void {
    if (this.board.hasArrived(segment)) return
    this.#arrive(segment, nowMs)
    this.board.markArrived(segment)
  }

  #takeDuplicate(segment: number, priorDelivered: number): void {
    this.#rack.onDuplicate(this.#rate.delivered, priorDelivered)
    this.#undo.onDuplicate(segment)
    if (this.#probeEnd >= 0) this.#probeEnd = -1
    if (this.#undo.isAllDuplicate) this.#revert()
  }

  /**
   * The oldest segment arrived: is this the end of the recovery, and was it right?
   * @returns whether that is in doubt, since something sent again is still on its way: then nothing more is to be lost.
   */
  #judge(echoMs: number, nowMs: number): boolean {
    if (this.#probeEnd >= 0 && this.board.una >= this.#probeEnd) this.#endProbe(nowMs)
    if (this.#state === 'open') return false
    const isOver = this.board.una >= this.#end
    const isWrong = this.#undo.isAnswerToFirst(echoMs)
    if (isWrong && !isOver && this.#state === 'recovery' && this.board.resent > 0) return true
    if (isWrong) this.#revert()
    else if (isOver) this.#leaveRecovery()
    return false
  }

  /** The probe repaired the loss of the tail, so there was one. */
  #endProbe(nowMs: number): void {
    this.#probeEnd = -1
    if (this.#state === 'open') this.#enterRecovery(nowMs)
  }

  #enterRecovery(nowMs: number): void {
    this.#state = 'recovery'
    this.#end = this.board.next
    this.#sentInRecovery = 0
    this.recoveries++
    this.#undo.begin(this.board.una, this.board.resent)
    this.#control.onRecovery(nowMs, this.board.inflight)
  }

  #leaveRecovery(): void {
    if (this.#state === 'recovery') this.#control.onRecoveryEnd()
    this.#state = 'open'
    this.#rack.onRecoveryEnd()
  }

  #revert(): void {
    this.board.unmarkLost()
    this.#state = 'open'
    this.undone++
    this.#undo.end()
    this.#control.onUndo()
  }

  #fillSample({
    nowMs,
    acked,
    prior,
    priorLost,
  }: {
    nowMs: number
    acked: number
    prior: number
    priorLost: number
  }): void {
    const sample = this.#sample
    sample.nowMs = nowMs
    sample.delivered = this.#rate.delivered - prior
    sample.acked = acked
    sample.lost = Math.max(0, this.board.lost - this.board.resent - priorLost)
    sample.inflight = this.board.inflight
    sample.sentInRecovery = this.#sentInRecovery
    sample.inRecovery = this.#state === 'recovery'
    sample.isLimited = this.isLimited
    sample.rttMs = this.#lastArrivedMs < 0 ? -1 : nowMs - this.#lastArrivedMs
    sample.minRttMs = this.rtt.minMs
    sample.deliveryRate = this.#rate.sample(nowMs, this.rtt.minMs)
    sample.isRoundStart = this.#rate.endRound()
  }
}
