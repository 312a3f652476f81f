import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyReport, PathReceiver } from '@mp/rate-control'
import type { PathReport } from '@mp/interface'

const sendTimeOf = (sentMs: number): number => Math.floor(sentMs / 0.128) & 0xffff

/** Frame `counter` of 100 bytes that was sent at `sentMs` comes at `nowMs`. */
function receive(receiver: PathReceiver, counter: number, nowMs: number, sentMs = nowMs - 10): void {
  receiver.handleFrame({ counter, bytes: 100, sendTime: sendTimeOf(sentMs), duplicate: false }, nowMs)
}

function reportAt(receiver: PathReceiver, nowMs: number): PathReport {
  const report = emptyReport()
  expect(receiver.writeReport(report, nowMs)).toBe(true)
  return report
}

function gapsOf(report: PathReport): [start: number, length: number][] {
  return Array.from({ length: report.gapCount }, (_, gap) => [report.gapStart[gap]!, report.gapLength[gap]!])
}

describe('a report', () => {
  test('counts the frames that routers marked, up to the 16 bits there are', () => {
    const receiver = new PathReceiver()
    const report = emptyReport()
    const frame = { bytes: 100, sendTime: 0, duplicate: false }
    for (let counter = 0; counter < 2 ** 16 + 3; counter++)
      receiver.handleFrame({ ...frame, counter, isMarked: counter > 0 }, 5)
    receiver.writeReport(report, 6)
    expect(report.congestionMarks).toBe(2)
  })

  test('counts frames and bytes, and duplicates apart from them', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 1, 2]) receive(receiver, counter, 5)
    receiver.handleFrame({ counter: 1, bytes: 100, sendTime: 0, duplicate: true }, 6)
    expect(reportAt(receiver, 7)).toMatchObject({
      highestCounter: 2,
      frames: 3,
      bytes: 300,
      duplicates: 1,
      receivedUs: 5000,
      ackDelayUs: 2000,
    })
  })

  test('is not due for reports of the peer, unless they show that something is missing', () => {
    const receiver = new PathReceiver()
    const takeReport = (counter: number, nowMs: number): void =>
      receiver.handleFrame({ counter, bytes: 100, sendTime: 0, duplicate: false, isReport: true }, nowMs)
    takeReport(0, 5)
    takeReport(1, 6)
    expect([receiver.hasNews, receiver.wantsReport(1000)]).toEqual([false, false])
    takeReport(3, 7)
    expect([receiver.hasNews, receiver.wantsReport(1000)]).toEqual([true, true])
    reportAt(receiver, 1000)
    takeReport(4, 1001)
    expect(receiver.hasNews).toBe(false)
    receive(receiver, 5, 1002)
    expect(receiver.hasNews).toBe(true)
  })

  test('is not there before the first frame', () => {
    expect(new PathReceiver().writeReport(emptyReport(), 1)).toBe(false)
  })

  test('names what is missing once the third frame after it came, 3 ms ago', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 3]) receive(receiver, counter, 100)
    expect(gapsOf(reportAt(receiver, 104))).toEqual([])
    receive(receiver, 4, 104)
    receive(receiver, 5, 104)
    const report = reportAt(receiver, 108)
    expect(gapsOf(report)).toEqual([[1, 2]])
    expect(report).toMatchObject({ firstCounter: 0, settledCounter: 2 })
  })

  test('names it without a third frame when none comes', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 2]) receive(receiver, counter, 100)
    expect(gapsOf(reportAt(receiver, 121))).toEqual([])
    const report = reportAt(receiver, 124)
    expect(gapsOf(report)).toEqual([[1, 1]])
    expect(report.settledCounter).toBe(2)
  })

  test('waits for longer on a path where frames overtake each other', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 2, 3, 4, 5]) receive(receiver, counter, 100)
    receive(receiver, 1, 120)
    expect(receiver.reorderGuardMs).toBe(25)
    for (const counter of [7, 8, 9, 10]) receive(receiver, counter, 200)
    expect(gapsOf(reportAt(receiver, 215))).toEqual([])
    expect(gapsOf(reportAt(receiver, 226))).toEqual([[6, 1]])
  })

  test('repeats the gaps of reports before it', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 2, 3, 4, 5]) receive(receiver, counter, 100)
    expect(gapsOf(reportAt(receiver, 110))).toEqual([[1, 1]])
    for (const counter of [6, 8, 9, 10, 11]) receive(receiver, counter, 120)
    expect(gapsOf(reportAt(receiver, 130))).toEqual([
      [1, 1],
      [7, 1],
    ])
  })

  test('does not miss what came over another path, and counts it nowhere', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 3, 4, 5, 6]) receive(receiver, counter, 100)
    expect(gapsOf(reportAt(receiver, 110))).toEqual([[1, 2]])
    receiver.handleRepair(2)
    // One that was sent again before this path had shown anything of it.
    receiver.handleRepair(9)
    const report = reportAt(receiver, 120)
    expect(gapsOf(report)).toEqual([[1, 1]])
    expect(report).toMatchObject({ highestCounter: 6, frames: 5, bytes: 500 })
  })

  test('takes what comes long after it was called missing for a repair, twice over, and waits no longer for others', () => {
    const receiver = new PathReceiver()
    receiver.setRttMin(30)
    for (const counter of [0, 2, 3, 4, 5]) receive(receiver, counter, 100)
    expect(gapsOf(reportAt(receiver, 104))).toEqual([[1, 1]])
    receive(receiver, 1, 130, 90)
    receiver.handleFrame({ counter: 1, bytes: 100, sendTime: sendTimeOf(90), duplicate: true }, 131)
    expect(receiver.reorderGuardMs).toBe(2)
    receive(receiver, 6, 140)
    const report = reportAt(receiver, 141)
    expect(gapsOf(report)).toEqual([])
    expect(report).toMatchObject({ frames: 6, duplicates: 0, delayMaxUs: expect.closeTo(10_000, -3) })
  })

  test('takes what comes sooner than it could be sent again for a frame that was overtaken', () => {
    const receiver = new PathReceiver()
    receiver.setRttMin(30)
    for (const counter of [0, 2, 3, 4, 5]) receive(receiver, counter, 100)
    reportAt(receiver, 104)
    receive(receiver, 1, 112)
    expect(receiver.reorderGuardMs).toBe(15)
    expect(reportAt(receiver, 120)).toMatchObject({ frames: 6 })
  })

  test('tells the delays since the one before, which outlive the wrap of the send time', () => {
    const receiver = new PathReceiver()
    const start = 8388.608 * 3 - 5
    receive(receiver, 0, start + 20, start)
    const before = reportAt(receiver, start + 20)
    for (let i = 1; i <= 10; i++) receive(receiver, i, start + 20 + i + (i === 4 ? 7 : 0), start + i)
    const after = reportAt(receiver, start + 40)
    const change = (name: 'delayMinUs' | 'delayMeanUs' | 'delayMaxUs'): number =>
      (after[name] - before[name]) / 1000
    expect(change('delayMinUs')).toBeCloseTo(0, 0)
    expect(change('delayMeanUs')).toBeCloseTo(0.7, 0)
    expect(change('delayMaxUs')).toBeCloseTo(7, 0)
  })
})

describe('reports are wanted', () => {
  test('every RTT, within 20 to 100 ms, while frames come', () => {
    for (const [rttMs, expected] of [
      [1, 50],
      [50, 20],
      [600, 10],
    ] as const) {
      const receiver = new PathReceiver()
      receiver.setRttMin(rttMs)
      let reports = 0
      for (let nowMs = 0; nowMs < 1000; nowMs++) {
        receive(receiver, nowMs, nowMs)
        if (!receiver.wantsReport(nowMs)) continue
        reportAt(receiver, nowMs)
        reports++
      }
      expect(reports).toBe(expected)
    }
  })

  test('at once for a new gap, but not within 5 ms', () => {
    const receiver = new PathReceiver()
    let counter = 0
    const reportedMs: number[] = []
    for (let nowMs = 0; nowMs < 60; nowMs++) {
      for (let i = 0; i < 4; i++)
        receive(receiver, nowMs === 30 || nowMs === 31 ? counter++ + 1 : counter++, nowMs)
      if (nowMs === 30 || nowMs === 31) counter++
      if (!receiver.wantsReport(nowMs)) continue
      reportAt(receiver, nowMs)
      reportedMs.push(nowMs)
    }
    expect(reportedMs).toEqual([0, 32, 37])
  })

  test('not any more when nothing comes and all is judged', () => {
    const receiver = new PathReceiver()
    for (const counter of [0, 1, 3]) receive(receiver, counter, 0)
    let last = -1
    for (let nowMs = 0; nowMs < 1000; nowMs++) {
      if (receiver.wantsReport(nowMs)) last = reportAt(receiver, nowMs) && nowMs
    }
    expect(last).toBe(22)
    expect(receiver.wantsReport(1e6)).toBe(false)
  })
})

test('whatever comes in whatever order, every report tells the truth about what it judges', () => {
  const anyFrames = fc.array(
    fc.record({ ahead: fc.integer({ min: -60, max: 60 }), afterMs: fc.nat(30), report: fc.boolean() }),
    { maxLength: 150 },
  )
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const receiver = new PathReceiver()
      // So far away that nothing that comes late is a repair.
      receiver.setRttMin(1e9)
      const came = new Set<number>()
      let highest = -1
      let settled = -1
      let nowMs = 0
      for (const { ahead, afterMs, report: wanted } of frames) {
        nowMs += afterMs
        const counter = Math.max(0, highest + ahead)
        receiver.handleFrame({ counter, bytes: 1, sendTime: 0, duplicate: came.has(counter) }, nowMs)
        came.add(counter)
        highest = Math.max(highest, counter)
        if (!wanted) continue
        const report = reportAt(receiver, nowMs)
        expect(report.frames).toBe(came.size)
        expect(report.settledCounter).toBeLessThanOrEqual(report.highestCounter)
        expect(report.settledCounter).toBeGreaterThanOrEqual(settled)
        expect(report.firstCounter).toBeLessThanOrEqual(settled + 1)
        settled = report.settledCounter
        const missing = new Set(
          gapsOf(report).flatMap(([start, length]) => Array.from({ length }, (_, i) => start + i)),
        )
        for (let each = report.firstCounter; each <= settled; each++)
          expect(came.has(each)).toBe(!missing.has(each))
      }
    }),
  )
})

test('frames in a row may be told of at once, and reports say the same', () => {
  const anyTrains = fc.array(
    fc.record({ skipped: fc.nat(3), frames: fc.integer({ min: 1, max: 70 }), afterMs: fc.nat(30) }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(anyTrains, (trains) => {
      const each = new PathReceiver()
      const together = new PathReceiver()
      const holes: number[] = []
      let next = 0
      let nowMs = 0
      const take = (counter: number, frames: number): void => {
        const alike = { sendTime: sendTimeOf(nowMs), duplicate: false }
        for (let i = 0; i < frames; i++)
          each.handleFrame({ ...alike, counter: counter + i, bytes: 100 }, nowMs)
        together.handleFrame({ ...alike, counter, frames, bytes: frames * 100 }, nowMs)
      }
      for (const { skipped, frames, afterMs } of trains) {
        nowMs += afterMs
        // What was left out before comes late, behind a train that overtook it.
        if (skipped > 0) holes.push(next)
        next += skipped
        take(next, frames)
        next += frames
        if (holes.length > 3) take(holes.shift()!, 1)
        expect(together.wantsReport(nowMs)).toBe(each.wantsReport(nowMs))
        if (afterMs <= 20) continue
        expect(reportAt(together, nowMs)).toEqual(reportAt(each, nowMs))
      }
    }),
  )
})
