import { describe, expect, test } from 'vitest'
import { Bench } from './support.ts'
import type { FqCodelOptions } from '@mp/fq-codel'

const BYTES = 1250

/** Senders that send more until a packet of theirs is lost or marked, and then half as much, as TCP does. */
class Senders {
  readonly bench: Bench
  /** How long packets waited, ms, since the first second. */
  readonly waitsMs: number[] = []
  readonly rates: number[]
  readonly #windows: number[]
  readonly #inFlight: number[]
  readonly #calmUntil: number[]
  readonly #cameAt = new Map<number, { atMs: number; flow: number }>()
  #marked: number[] = []
  readonly #rttMs: number
  #answers: { atMs: number; flow: number; isBad: boolean }[] = []
  #seenDrops = 0

  constructor(senders: number, rttMs: number, options: Partial<FqCodelOptions> = {}, isEct = false) {
    const flowAt: number[] = []
    const mark = (offset: number): boolean => isEct && this.#marked.push(flowAt[offset]!) > 0
    this.bench = new Bench({ ...options, mark })
    this.bench.onPut = (offset, flow) => (flowAt[offset] = flow)
    this.#rttMs = rttMs
    const each = (): number[] => Array.from({ length: senders }, () => 0)
    this.rates = each()
    this.#windows = each().fill(10)
    this.#inFlight = each()
    this.#calmUntil = each()
  }

  /** Lets `ms` pass on a line that carries one packet per ms, 10 Mbit/s. */
  run(ms: number): this {
    for (let nowMs = 1; nowMs <= ms; nowMs++) {
      this.#hear(nowMs)
      for (const flow of this.#windows.keys()) this.#send(flow, nowMs)
      for (const { id, flow } of this.bench.take(BYTES, nowMs)) {
        this.#answer(flow, nowMs, this.#marked.length > 0)
        if (nowMs <= 1000) continue
        this.waitsMs.push(nowMs - this.#cameAt.get(id)!.atMs)
        this.rates[flow]!++
      }
      this.#marked = []
      for (; this.#seenDrops < this.bench.drops.length; this.#seenDrops++) {
        this.#answer(this.#cameAt.get(this.bench.drops[this.#seenDrops]!.id)!.flow, nowMs, true)
      }
    }
    return this
  }

  /** The wait that `share` of the packets did not exceed, ms. */
  quantileMs(share: number): number {
    return this.waitsMs.toSorted((a, b) => a - b)[Math.floor(share * (this.waitsMs.length - 1))]!
  }

  #send(flow: number, nowMs: number): void {
    for (; this.#inFlight[flow]! < Math.floor(this.#windows[flow]!); this.#inFlight[flow]!++) {
      this.#cameAt.set(this.bench.put({ bytes: BYTES, flow }, nowMs), { atMs: nowMs, flow })
    }
  }

  #answer(flow: number, nowMs: number, isBad: boolean): void {
    this.#answers.push({ atMs: nowMs + this.#rttMs, flow, isBad })
  }

  #hear(nowMs: number): void {
    for (const { flow, isBad } of this.#answers.filter(({ atMs }) => atMs <= nowMs)) {
      this.#inFlight[flow]!--
      if (!isBad) this.#windows[flow]! += 1 / this.#windows[flow]!
      else if (nowMs > this.#calmUntil[flow]!) {
        this.#windows[flow] = Math.max(2, this.#windows[flow]! / 2)
        this.#calmUntil[flow] = nowMs + 2 * this.#rttMs
      }
    }
    this.#answers = this.#answers.filter(({ atMs }) => atMs > nowMs)
  }
}

describe('with senders that listen', () => {
  test('the queue stays short and the line busy; without CoDel it only grows', () => {
    const codel = new Senders(4, 40).run(10_000)
    expect(codel.quantileMs(0.5)).toBeLessThan(15)
    expect(codel.quantileMs(0.95)).toBeLessThan(40)
    expect(codel.waitsMs.length).toBeGreaterThan(0.95 * 9000)
    expect(codel.bench.drops.every(({ reason }) => reason === 'codel')).toBe(true)
    const none = new Senders(4, 40, { targetMs: 1e9, maxPackets: 500 }).run(10_000)
    expect(none.quantileMs(0.5)).toBeGreaterThan(100)
  })

  test('waiting that is allowed is no reason to drop: the queue settles above the allowance', () => {
    const senders = new Senders(4, 40)
    senders.bench.queue.allowanceMs = 80
    senders.run(20_000)
    expect(senders.quantileMs(0.5)).toBeGreaterThan(60)
    expect(senders.quantileMs(0.5)).toBeLessThan(110)
    expect(senders.waitsMs.length).toBeGreaterThan(18_900)
  })

  test('packets of senders that understand marks are marked and not one is dropped', () => {
    const senders = new Senders(4, 40, {}, true).run(10_000)
    expect(senders.bench.drops).toEqual([])
    expect(senders.bench.queue.stats().marks).toBeGreaterThan(20)
    expect(senders.quantileMs(0.5)).toBeLessThan(15)
  })

  test('and they share the line equally', () => {
    const { rates } = new Senders(4, 40).run(20_000)
    expect(Math.max(...rates) / Math.min(...rates)).toBeLessThan(1.3)
  })
})

describe('a sender that does not listen', () => {
  test('does not make others wait', () => {
    const senders = new Senders(2, 40)
    const waitsMs: number[] = []
    let sent = 0
    for (let nowMs = 1; nowMs < 3000; nowMs++) {
      senders.bench.put({ bytes: BYTES, flow: 8 }, nowMs)
      senders.bench.put({ bytes: BYTES, flow: 8 }, nowMs)
      const isTurn = nowMs % 5 === 0
      const id = isTurn ? senders.bench.put({ bytes: 200, flow: 9 }, nowMs) : -1
      const out = senders.bench.take(BYTES, nowMs)
      if (isTurn) sent++
      if (out.some((packet) => packet.id === id)) waitsMs.push(0)
    }
    expect(waitsMs.length).toBe(sent)
  })

  test('meets drops that come ever faster, until no more arrives than leaves', () => {
    const bench = new Bench()
    const waits: number[] = []
    const cameAt: number[] = []
    for (let nowMs = 0; nowMs < 20_000; nowMs++) {
      // 10 % more than the line carries.
      for (let count = 0; count < (nowMs % 10 === 0 ? 2 : 1); count++)
        cameAt[bench.put({ bytes: BYTES, flow: 1 }, nowMs)] = nowMs
      for (const { id } of bench.take(BYTES, nowMs)) waits.push(nowMs - cameAt[id]!)
    }
    // Without drops they would wait for two seconds by now. It swings: while it is short CoDel forgets.
    expect(Math.max(...waits.slice(-5000))).toBeLessThan(100)
    expect(waits.length).toBeGreaterThan(19_900)
  })
})
