import type { PathReport } from '@mp/interface'
import { DecodeError } from './errors.ts'
import type { DecodeCode } from './errors.ts'
import { ControlKind, MAX_REPORT_BYTES, MAX_REPORT_GAPS } from './format.ts'

const HEAD_BYTES = 12
const PATH_BYTES = 44
const GAP_BYTES = 4
const SENT_BYTES = 8
const RANGE16 = 0x1_0000
const RANGE32 = 0x1_0000_0000
/** Unit of the ack delay, µs. */
const ACK_DELAY_UNIT_US = 16

/**
 * Reads and writes the body of a `report`, which tells about several paths, in place and without allocating.
 *
 * Writing: `begin`, then `addPath` for each path something came on, then `addSent` for each path something was sent
 * on, then `end`. Each `add…` says whether there was room; what there was none for goes into the next report.
 * Reading: `read` checks everything; then `nextPath` and `nextSent` until they return false.
 */
export class ReportCodec {
  /** After `read`: the highest global sequence sent on any path; -1 when none was. */
  globalSequence = -1
  readonly #view: DataView
  #start = 0
  #at = 0
  #end = 0
  #maxBytes = MAX_REPORT_BYTES
  #paths = 0
  #sent = 0

  constructor(arena: Uint8Array) {
    this.#view = new DataView(arena.buffer, arena.byteOffset, arena.byteLength)
  }

  /**
   * Begins a body at `offset`.
   * @param globalSequence the highest sent on any path, an integer below 2^48; -1 for none.
   * @param maxBytes the longest it may become, {@link MAX_REPORT_BYTES} at most.
   */
  begin(offset: number, globalSequence: number, maxBytes: number = MAX_REPORT_BYTES): void {
    this.#start = offset
    this.#maxBytes = Math.min(maxBytes, MAX_REPORT_BYTES)
    this.#at = offset + HEAD_BYTES
    this.#paths = this.#sent = 0
    this.#view.setUint16(offset + 4, 0)
    // One more than the sequence, so that 0 says that there is none.
    this.#setUint48(offset + 6, globalSequence + 1)
  }

  /** Whether one more path fits, whatever is said of it, beside what was sent on `sent` paths. */
  hasRoom(sent: number): boolean {
    return this.#fits(PATH_BYTES + GAP_BYTES * MAX_REPORT_GAPS + SENT_BYTES * sent)
  }

  /** Adds what was received on a path. False when there is no room, or `addSent` was called already. */
  addPath(report: PathReport): boolean {
    const bytes = PATH_BYTES + GAP_BYTES * report.gapCount
    if (this.#sent > 0 || !this.#fits(bytes)) return false
    this.#writePath(this.#at, report)
    this.#writeGaps(this.#at + PATH_BYTES, report)
    this.#at += bytes
    this.#paths++
    return true
  }

  /** Adds that the highest global sequence sent on a path is `sequence`, an integer below 2^48. False when there is no room. */
  addSent(pathId: number, sequence: number): boolean {
    if (!this.#fits(SENT_BYTES)) return false
    this.#view.setUint16(this.#at, (pathId & 0xff) << 8)
    this.#setUint48(this.#at + 2, sequence)
    this.#at += SENT_BYTES
    this.#sent++
    return true
  }

  /** Ends the body and returns its length, bytes. */
  end(): number {
    this.#view.setUint32(this.#start, (ControlKind.report << 24) | (this.#paths << 16) | (this.#sent << 8))
    return this.#at - this.#start
  }

  /** Checks a whole body; `offset` and `length` are the body's, behind the frame header. */
  read(offset: number, length: number): DecodeCode {
    if (length < HEAD_BYTES || length > MAX_REPORT_BYTES) return DecodeError.badLength
    const head = this.#view.getUint32(offset)
    if (head >>> 24 !== ControlKind.report || (head & 0xff) !== 0) return DecodeError.badControl
    if (this.#view.getUint16(offset + 4) !== 0) return DecodeError.badControl
    this.#paths = (head >>> 16) & 0xff
    this.#sent = (head >>> 8) & 0xff
    this.globalSequence = this.#getUint48(offset + 6) - 1
    this.#at = offset + HEAD_BYTES
    this.#end = offset + length
    return this.#check()
  }

  /** Reads the next path of a body that `read` accepted into `report`, which has room for 16 gaps; false after the last. */
  nextPath(report: PathReport): boolean {
    if (this.#paths === 0) return false
    this.#readPath(this.#at, report)
    this.#readGaps(this.#at + PATH_BYTES, report)
    this.#at += PATH_BYTES + GAP_BYTES * report.gapCount
    this.#paths--
    return true
  }

  /** Goes on to the next path something was sent on, behind all of `nextPath`; false after the last. */
  nextSent(sent: SentReport): boolean {
    if (this.#paths > 0 || this.#sent === 0) return false
    sent.pathId = this.#view.getUint8(this.#at)
    sent.sequence = this.#getUint48(this.#at + 2)
    this.#at += SENT_BYTES
    this.#sent--
    return true
  }

  #fits(bytes: number): boolean {
    return this.#at + bytes - this.#start <= this.#maxBytes
  }

  /** Whether all parts are whole and say what is possible; leaves the cursor at the first. */
  #check(): DecodeCode {
    let at = this.#at
    for (let path = 0; path < this.#paths; path++) {
      if (at + PATH_BYTES > this.#end) return DecodeError.badLength
      const gaps = this.#view.getUint8(at + 1)
      if (gaps > MAX_REPORT_GAPS) return DecodeError.badControl
      const next = at + PATH_BYTES + GAP_BYTES * gaps
      if (next > this.#end) return DecodeError.badLength
      if (!this.#plausible(at, gaps)) return DecodeError.badControl
      at = next
    }
    if (at + SENT_BYTES * this.#sent !== this.#end) return DecodeError.badLength
    for (; at < this.#end; at += SENT_BYTES) {
      if (this.#view.getUint8(at + 1) !== 0) return DecodeError.badControl
    }
    return DecodeError.none
  }

  /** Counters are in their order, and the gaps lie between the first and the settled one. */
  #plausible(at: number, gaps: number): boolean {
    const highest = this.#getUint48(at + 4)
    const settled = highest - this.#view.getUint16(at + 10)
    const judged = this.#view.getUint16(at + 12)
    if (settled - judged < -1) return false
    let left = judged
    for (let gap = 0; gap < gaps; gap++) {
      const gapAt = at + PATH_BYTES + GAP_BYTES * gap
      const missing = this.#view.getUint16(gapAt + 2)
      left -= this.#view.getUint16(gapAt) + missing
      if (missing === 0 || left < 0) return false
    }
    return true
  }

  #writePath(at: number, report: PathReport): void {
    const view = this.#view
    const { settledCounter, highestCounter } = report
    view.setUint16(at, ((report.pathId & 0xff) << 8) | report.gapCount)
    view.setUint16(at + 2, Math.min(0xffff, Math.round(report.ackDelayUs / ACK_DELAY_UNIT_US)))
    this.#setUint48(at + 4, highestCounter)
    view.setUint16(at + 10, highestCounter - settledCounter)
    view.setUint16(at + 12, settledCounter - report.firstCounter + 1)
    view.setUint16(at + 14, report.duplicates)
    view.setUint32(at + 16, report.frames)
    this.#setUint48(at + 20, report.bytes)
    view.setUint16(at + 26, report.congestionMarks)
    view.setUint32(at + 28, report.receivedUs)
    view.setInt32(at + 32, report.delayMinUs)
    view.setInt32(at + 36, report.delayMeanUs)
    view.setInt32(at + 40, report.delayMaxUs)
  }

  #readPath(at: number, report: PathReport): void {
    const view = this.#view
    report.pathId = view.getUint8(at)
    report.gapCount = view.getUint8(at + 1)
    report.ackDelayUs = view.getUint16(at + 2) * ACK_DELAY_UNIT_US
    report.highestCounter = this.#getUint48(at + 4)
    report.settledCounter = report.highestCounter - view.getUint16(at + 10)
    report.firstCounter = report.settledCounter - view.getUint16(at + 12) + 1
    report.duplicates = view.getUint16(at + 14)
    report.frames = view.getUint32(at + 16)
    report.bytes = this.#getUint48(at + 20)
    report.congestionMarks = view.getUint16(at + 26)
    report.receivedUs = view.getUint32(at + 28)
    report.delayMinUs = view.getInt32(at + 32)
    report.delayMeanUs = view.getInt32(at + 36)
    report.delayMaxUs = view.getInt32(at + 40)
  }

  /** A gap is told by its distance from the end of the one before, or from the first counter. */
  #writeGaps(at: number, report: PathReport): void {
    let from = report.firstCounter
    for (let gap = 0; gap < report.gapCount; gap++) {
      const start = report.gapStart[gap]!
      const length = report.gapLength[gap]!
      this.#view.setUint16(at + GAP_BYTES * gap, start - from)
      this.#view.setUint16(at + GAP_BYTES * gap + 2, length)
      from = start + length
    }
  }

  #readGaps(at: number, report: PathReport): void {
    let from = report.firstCounter
    for (let gap = 0; gap < report.gapCount; gap++) {
      const start = from + this.#view.getUint16(at + GAP_BYTES * gap)
      const length = this.#view.getUint16(at + GAP_BYTES * gap + 2)
      report.gapStart[gap] = start
      report.gapLength[gap] = length
      from = start + length
    }
  }

  #setUint48(at: number, value: number): void {
    this.#view.setUint16(at, Math.floor(value / RANGE32) % RANGE16)
    this.#view.setUint32(at + 2, value % RANGE32)
  }

  #getUint48(at: number): number {
    return this.#view.getUint16(at) * RANGE32 + this.#view.getUint32(at + 2)
  }
}

/** Up to which global sequence frames were sent on a path. Reuse one object. */
export class SentReport {
  /** 0…255. */
  pathId = 0
  /** The highest global sequence sent on it, 0…2^48-1. */
  sequence = 0
}
