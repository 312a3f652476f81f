import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MaxFilter } from '../../src/inner/control/max-filter.ts'
import { Ranges } from '../../src/inner/tcp/ranges.ts'
import { Scoreboard } from '../../src/inner/tcp/scoreboard.ts'
import { headerBytesOf, readSegment, Segment, writeSegment } from '../../src/inner/tcp/segment.ts'

describe('ranges', () => {
  test('hold the same numbers as a set', () => {
    const step = fc.record({ start: fc.nat(60), length: fc.integer({ min: 1, max: 8 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ranges = new Ranges()
        const set = new Set<number>()
        for (const { start, length } of steps) {
          ranges.add(start, start + length)
          for (let number = start; number < start + length; number++) set.add(number)
          expect(ranges.at(0).start <= start && ranges.at(0).end >= start + length).toBe(true)
        }
        for (let number = 0; number < 70; number++)
          expect(ranges.has(number, number + 1)).toBe(set.has(number))
        const reached = ranges.takeFrom(5)
        let expected = 5
        while (set.has(expected)) expected++
        expect(reached).toBe(expected)
        expect(ranges.has(reached - 1, reached)).toBe(false)
      }),
    )
  })
})

describe('a filter for the maximum', () => {
  test('says what looking through all values of the last rounds says', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100), fc.nat(2)), { minLength: 1 }), (steps) => {
        const filter = new MaxFilter(4)
        const seen: [number, number][] = []
        let round = 0
        for (const [value, rounds] of steps) {
          round += rounds
          filter.add(value, round)
          seen.push([value, round])
          const recent = seen.filter(([, at]) => at > round - 4).map(([each]) => each)
          expect(filter.value).toBe(Math.max(...recent))
        }
      }),
    )
  })
})

type State = 'out' | 'arrived' | 'lost' | 'resent'

const isFlying = (state: State): boolean => state === 'out' || state === 'resent'

/** A scoreboard beside a plain list of what became of each segment. */
class Twins {
  readonly board = new Scoreboard(64)
  readonly list: State[] = []
  una = 0

  get open(): readonly State[] {
    return this.list.slice(this.una)
  }

  /** Does `action` to both, to a segment that `pick` picks; nothing where it makes no sense. */
  act(action: string, pick: number, now: number): void {
    const segment = this.una + (this.open.length > 0 ? pick % this.open.length : 0)
    const isHere = segment < this.list.length && this.list[segment] !== 'arrived'
    if (action === 'send' && this.open.length < 60) this.list[this.board.sendNext(now)] = 'out'
    if (action === 'acknowledge' && this.open.length > 0) this.#acknowledge()
    if (action === 'unmark') this.#unmark()
    if (action === 'arrive' && isHere) this.#move(segment, 'arrived', () => this.board.markArrived(segment))
    if (action === 'lose' && isHere) this.#move(segment, 'lost', () => this.board.markLost(segment))
    const lost = this.firstLost()
    if (action === 'resend' && lost >= 0) this.#move(lost, 'resent', () => this.board.resend(lost, now))
  }

  firstLost(): number {
    return this.list.findIndex((state, segment) => segment >= this.una && state === 'lost')
  }

  count(state: State): number {
    return this.open.filter((each) => each === state).length
  }

  /** Segments on their way. */
  flying(): number[] {
    return this.open.flatMap((state, index) => (isFlying(state) ? [this.una + index] : []))
  }

  #move(segment: number, state: State, onBoard: () => unknown): void {
    onBoard()
    this.list[segment] = state
  }

  #acknowledge(): void {
    this.board.acknowledge()
    this.una++
  }

  #unmark(): void {
    this.board.unmarkLost()
    this.list.forEach((state, segment) => {
      if (segment >= this.una && state !== 'arrived') this.list[segment] = 'out'
    })
  }
}

describe('a scoreboard', () => {
  const names = ['send', 'arrive', 'lose', 'resend', 'acknowledge', 'unmark']
  const action = fc.tuple(fc.constantFrom(...names), fc.nat(15))

  test('counts and finds segments like a plain list of them', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const twins = new Twins()
        for (const [now, [name, pick]] of actions.entries()) {
          twins.act(name, pick, now)
          const { board } = twins
          expect(board.nextLost()).toBe(twins.firstLost())
          expect(board.outstanding).toBe(twins.open.length)
          expect(board.inflight).toBe(twins.count('out') + twins.count('resent'))
          expect(board.arrived).toBe(twins.count('arrived'))
          expect([...inOrder(board)].toSorted((x, y) => x - y)).toEqual(twins.flying())
        }
      }),
    )
  })

  test('lists segments on their way by the time they were sent last', () => {
    const board = new Scoreboard(8)
    for (let now = 0; now < 4; now++) board.sendNext(now)
    board.markLost(1)
    board.resend(1, 4)
    board.markArrived(2)
    expect([...inOrder(board)]).toEqual([0, 3, 1])
  })
})

function* inOrder(board: Scoreboard): Generator<number> {
  for (let segment = board.firstSent(); segment >= 0; segment = board.sentAfter(segment)) yield segment
}

describe('a segment', () => {
  test('is read as it was written, anywhere in a long stream', () => {
    const position = fc.integer({ min: 1, max: 2 ** 40 })
    fc.assert(
      fc.property(
        position,
        position,
        fc.array(fc.tuple(fc.nat(1e6), fc.integer({ min: 1, max: 1e6 })), { maxLength: 3 }),
        (seq, ack, blocks) => {
          const view = new DataView(new ArrayBuffer(80))
          const out = Object.assign(new Segment(), {
            sourcePort: 45_001,
            destinationPort: 5001,
            seq,
            ack,
            windowBytes: 6 * 2 ** 20,
            timestamp: 123,
            echo: 99,
          })
          for (const [index, [start, length]] of blocks.entries()) {
            out.sackStart[index] = ack + start
            out.sackEnd[index] = ack + start + length
            out.sackBlocks++
          }
          writeSegment(view, 0, out)
          const read = new Segment()
          const near = { seq: seq + 1e6, ack: Math.max(0, ack - 1e6) }
          readSegment(view, { offset: 0, lengthBytes: headerBytesOf(out) + 10 }, near, read)
          out.payloadBytes = 10
          expect(read).toEqual(out)
        },
      ),
    )
  })
})
