import type { PathReport } from '@mp/interface'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ControlKind,
  DECODE_ERROR_NAMES,
  MAX_REPORT_BYTES,
  MAX_REPORT_GAPS,
  ReportCodec,
  SentReport,
} from '@mp/wire'
import { arenaAround, hex, toHex } from './hex.ts'

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

interface Gap {
  readonly skip: number
  readonly length: number
}

const emptyReport = (): PathReport => ({
  pathId: 0,
  highestCounter: 0,
  firstCounter: 0,
  settledCounter: -1,
  frames: 0,
  bytes: 0,
  duplicates: 0,
  congestionMarks: 0,
  receivedUs: 0,
  ackDelayUs: 0,
  delayMinUs: 0,
  delayMeanUs: 0,
  delayMaxUs: 0,
  gapCount: 0,
  gapStart: new Float64Array(MAX_REPORT_GAPS),
  gapLength: new Int32Array(MAX_REPORT_GAPS),
})

/** A report whose gaps follow each other from `firstCounter` on and end at or before `settledCounter`. */
function withGaps(report: PathReport, gaps: readonly Gap[], unsettled: number): PathReport {
  let at = report.firstCounter
  for (const { skip, length } of gaps) {
    report.gapStart[report.gapCount] = at + skip
    report.gapLength[report.gapCount++] = length
    at += skip + length
  }
  report.settledCounter = at - 1
  report.highestCounter = Math.max(0, at - 1 + unsettled)
  return report
}

const anyReport = fc
  .record({
    fields: fc.record({
      pathId: uint(8),
      firstCounter: uint(47),
      frames: uint(32),
      bytes: uint(48),
      duplicates: uint(16),
      congestionMarks: uint(16),
      receivedUs: uint(32),
      ackDelayUs: uint(16).map((units) => 16 * units),
      delayMinUs: int32,
      delayMeanUs: int32,
      delayMaxUs: int32,
    }),
    gaps: fc.array(fc.record({ skip: fc.nat(2000), length: fc.integer({ min: 1, max: 2000 }) }), {
      maxLength: MAX_REPORT_GAPS,
    }),
    unsettled: fc.integer({ min: 1, max: 0xff00 }),
  })
  .map(({ fields, gaps, unsettled }) => withGaps(Object.assign(emptyReport(), fields), gaps, unsettled))

const anySent = fc.record({ pathId: uint(8), sequence: uint(48) })

/** What `codec` makes of a body it accepted. */
function readAll(codec: ReportCodec): { globalSequence: number; paths: PathReport[]; sent: SentReport[] } {
  const paths: PathReport[] = []
  const sent: SentReport[] = []
  for (let report = emptyReport(); codec.nextPath(report); report = emptyReport()) paths.push(report)
  for (let each = new SentReport(); codec.nextSent(each); each = new SentReport()) sent.push(each)
  return { globalSequence: codec.globalSequence, paths, sent }
}

const nameOf = (bytes: Uint8Array): string =>
  DECODE_ERROR_NAMES[new ReportCodec(bytes).read(0, bytes.length)]!

// Written down by hand from the layout in docs/protocol.md.
const GOLDEN = hex(`03 01 01 00  0000 000000000065
  07 02 0010  00010000000a 0004 0007 0003  00000104 000000055555 0001  00989680 fffffc18 00000000 000003e8
  0001 0002  0000 0001
  07 00 000000000064`)

describe('a report, bit by bit', () => {
  const report = withGaps(
    Object.assign(emptyReport(), {
      pathId: 7,
      firstCounter: 2 ** 32,
      frames: 260,
      bytes: 0x5_5555,
      duplicates: 3,
      congestionMarks: 1,
      receivedUs: 10_000_000,
      ackDelayUs: 256,
      delayMinUs: -1000,
      delayMaxUs: 1000,
    }),
    [
      { skip: 1, length: 2 },
      { skip: 0, length: 1 },
    ],
    4,
  )
  report.settledCounter += 3
  report.highestCounter = 2 ** 32 + 10

  test('is read', () => {
    const codec = new ReportCodec(GOLDEN)
    expect(codec.read(0, GOLDEN.length)).toBe(0)
    expect(readAll(codec)).toEqual({
      globalSequence: 100,
      paths: [report],
      sent: [{ pathId: 7, sequence: 100 }],
    })
  })

  test('is written', () => {
    const bytes = new Uint8Array(MAX_REPORT_BYTES)
    const codec = new ReportCodec(bytes)
    codec.begin(0, 100)
    expect([codec.addPath(report), codec.addSent(7, 100)]).toEqual([true, true])
    expect(toHex(bytes.subarray(0, codec.end()))).toBe(toHex(GOLDEN))
  })
})

test('what is written is read, wherever it lies in the arena', () => {
  const anyBody = fc.record({
    offset: fc.nat(100),
    globalSequence: fc.oneof(fc.constant(-1), uint(47)),
    paths: fc.array(anyReport, { maxLength: 8 }),
    sent: fc.array(anySent, { maxLength: 20 }),
  })
  fc.assert(
    fc.property(anyBody, ({ offset, globalSequence, paths, sent }) => {
      const codec = new ReportCodec(new Uint8Array(offset + MAX_REPORT_BYTES).fill(0xaa))
      codec.begin(offset, globalSequence)
      for (const report of paths) expect(codec.addPath(report)).toBe(true)
      for (const { pathId, sequence } of sent) expect(codec.addSent(pathId, sequence)).toBe(true)
      expect(codec.read(offset, codec.end())).toBe(0)
      const read = readAll(codec)
      // What is behind the gaps of a report is left over from others.
      for (const [index, report] of read.paths.entries()) expect(report).toEqual(paths[index])
      expect({ ...read, paths: paths.length }).toEqual({
        globalSequence,
        paths: paths.length,
        sent: sent.map((each) => Object.assign(new SentReport(), each)),
      })
    }),
  )
})

test('a body takes what it has room for and stays whole', () => {
  const codec = new ReportCodec(new Uint8Array(MAX_REPORT_BYTES))
  const full = withGaps(
    emptyReport(),
    Array.from({ length: MAX_REPORT_GAPS }, () => ({ skip: 1, length: 1 })),
    1,
  )
  codec.begin(0, -1)
  let paths = 0
  while (codec.addPath(full)) paths++
  let sent = 0
  while (codec.addSent(sent, sent)) sent++
  const length = codec.end()
  expect({ paths, sent, length }).toEqual({ paths: 11, sent: 0, length: 1200 })
  expect(codec.read(0, length)).toBe(0)
  expect(readAll(codec).paths).toHaveLength(11)
})

test('paths come before what was sent', () => {
  const codec = new ReportCodec(new Uint8Array(MAX_REPORT_BYTES))
  codec.begin(0, 1)
  expect([codec.addSent(1, 1), codec.addPath(emptyReport())]).toEqual([true, false])
  expect(codec.read(0, codec.end())).toBe(0)
  expect([codec.nextSent(new SentReport()), codec.nextPath(emptyReport())]).toEqual([true, false])
})

describe('what is not a report', () => {
  const change = (at: number, value: number): Uint8Array => GOLDEN.with(at, value)
  test.each([
    ['another kind', change(0, ControlKind.probe), 'bad-control'],
    ['a reserved byte in the head', change(3, 1), 'bad-control'],
    ['a reserved field in the head', change(5, 1), 'bad-control'],
    ['more gaps than 16', change(13, 17), 'bad-control'],
    ['a gap of nothing', change(12 + 44 + 3, 0), 'bad-control'],
    ['a gap past the settled counter', change(12 + 44 + 3, 9), 'bad-control'],
    ['a reserved byte of what was sent', change(65, 1), 'bad-control'],
    ['one path more than there is', change(1, 2), 'bad-length'],
    ['one gap more than there is', change(13, 5), 'bad-length'],
    ['no end', GOLDEN.subarray(0, GOLDEN.length - 1), 'bad-length'],
    ['bytes behind its end', Uint8Array.of(...GOLDEN, 0), 'bad-length'],
    ['more than a body may hold', new Uint8Array(MAX_REPORT_BYTES + 1), 'bad-length'],
  ])('%s is refused', (_name, bytes, error) => {
    expect(nameOf(bytes)).toBe(error)
  })

  test('a first counter below 0 is refused', () => {
    const bytes = new Uint8Array(12 + 44)
    bytes.set([3, 1])
    expect(nameOf(bytes)).toBe('none')
    bytes[12 + 13] = 2
    expect(nameOf(bytes)).toBe('bad-control')
  })
})

describe('whatever the bytes are, a reader does not throw, looks at nothing else and gives possible reports', () => {
  const damaged = fc
    .tuple(fc.nat(GOLDEN.length - 1), uint(8), fc.nat(GOLDEN.length))
    .map(([at, value, end]) => GOLDEN.with(at, value).slice(0, end))
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged)

  test('at the end of the arena and amid others', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const results = [
          { before: 0, after: 0, filling: 0 },
          { before: 9, after: 40, filling: 0xff },
        ].map((around) => {
          const codec = new ReportCodec(arenaAround(bytes, around))
          const code = codec.read(around.before, bytes.length)
          return code === 0 ? readAll(codec) : code
        })
        expect(results[1]).toEqual(results[0])
        if (typeof results[0] === 'object') for (const report of results[0].paths) expectPossible(report)
      }),
      { numRuns: 2000 },
    )
  })
})

function expectPossible(report: PathReport): void {
  expect(report.firstCounter).toBeGreaterThanOrEqual(0)
  expect(report.settledCounter).toBeLessThanOrEqual(report.highestCounter)
  let from = report.firstCounter
  for (let gap = 0; gap < report.gapCount; gap++) {
    expect(report.gapStart[gap]).toBeGreaterThanOrEqual(from)
    expect(report.gapLength[gap]).toBeGreaterThan(0)
    from = report.gapStart[gap]! + report.gapLength[gap]!
  }
  expect(from).toBeLessThanOrEqual(report.settledCounter + 1)
}
