import fc from 'fast-check'
import type { Packet } from './support.ts'

/** A packet as sent: where, after which pause, and what becomes of it. */
export interface Sent {
  readonly path: number
  readonly flow: number
  readonly gapMs: number
  readonly isLost: boolean
  /** Comes a second time over the next path. */
  readonly isDoubled: boolean
  /** More than the delay of its path: packets may overtake each other on it. */
  readonly jitterMs: number
}

export interface WorldShape {
  readonly delaysMs: readonly number[]
  readonly sent: readonly Sent[]
}

/** Packets that arrive at one moment, with what happens besides. */
export interface Arrival {
  readonly atMs: number
  readonly packets: Required<Packet>[]
}

export const PATHS = 3
export const FLOWS = 4

interface Troubles {
  readonly loss?: boolean
  readonly doubles?: boolean
  readonly maxJitterMs?: number
  readonly maxDelayMs?: number
}

export function anyWorld(troubles: Troubles, packets = 120): fc.Arbitrary<WorldShape> {
  const { loss = true, doubles = true, maxJitterMs = 0, maxDelayMs = 60 } = troubles
  const sent = fc.record({
    path: fc.nat({ max: PATHS - 1 }),
    flow: fc.nat({ max: FLOWS - 1 }),
    gapMs: fc.constantFrom(0, 0, 0, 1, 2, 5, 30),
    isLost: loss ? fc.constantFrom(false, false, false, false, false, true) : fc.constant(false),
    isDoubled: doubles ? fc.constantFrom(false, false, false, true) : fc.constant(false),
    jitterMs: fc.nat({ max: maxJitterMs }),
  })
  // Alone or several that are alike in a row, as one batch brings them.
  const row = fc
    .tuple(sent, fc.constantFrom(1, 1, 1, 1, 2, 9))
    .map(([first, count]) =>
      Array.from({ length: count }, (_, at) => (at > 0 ? { ...first, gapMs: 0 } : first)),
    )
  return fc.record({
    delaysMs: fc.array(fc.nat({ max: maxDelayMs }), { minLength: PATHS, maxLength: PATHS }),
    sent: fc.array(row, { maxLength: packets, size: 'max' }).map((rows) => rows.flat().slice(0, packets)),
  })
}

/** What arrives, in order of time, at whole milliseconds; packets of one path and moment in the order they were sent. */
export function arrivalsOf({ delaysMs, sent }: WorldShape): Arrival[] {
  const moments = new Map<number, Required<Packet>[]>()
  const lastOfFlow = new Map<number, number>()
  let sentMs = 0
  for (const [sequence, { path, flow, gapMs, isLost, isDoubled, jitterMs }] of sent.entries()) {
    sentMs += gapMs
    const before = lastOfFlow.get(flow)
    lastOfFlow.set(flow, sequence)
    const distance = before === undefined ? 0 : sequence - before
    const copies = [path, (path + 1) % PATHS].slice(isLost ? 1 : 0, isDoubled ? 2 : 1)
    for (const pathId of copies) {
      const atMs = sentMs + delaysMs[pathId]! + jitterMs
      const packet = { sequence, pathId, distance, bytes: 100 + 100 * flow }
      moments.set(atMs, [...(moments.get(atMs) ?? []), packet])
    }
  }
  return [...moments]
    .map(([atMs, packets]) => ({ atMs, packets }))
    .toSorted((a, b) => a.atMs - b.atMs)
    .flatMap(({ atMs, packets }) => chunks(packets).map((chunk) => ({ atMs, packets: chunk })))
}

/** No more than a batch takes. */
function chunks<T>(packets: T[]): T[][] {
  return packets.length <= 64 ? [packets] : [packets.slice(0, 64), ...chunks(packets.slice(64))]
}
