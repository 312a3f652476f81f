import type { PacketBatch } from '@mp/interface'
import { FqCodel } from '@mp/fq-codel'
import type { DropReason, FqCodelOptions } from '@mp/fq-codel'
import { Mempool } from '@mp/mempool'

/** What a test puts into a queue; `id` is told apart by its slot. */
export interface Packet {
  readonly bytes: number
  readonly flow: number
  /** 0 bulk, 1 interactive, 2 critical. Default 0. */
  readonly trafficClass?: number
}

/** A packet that came out. */
export interface Out {
  readonly id: number
  readonly flow: number
  readonly bytes: number
}

/** A queue, and the owner of its slots: puts packets in, takes them out, and remembers what became of each. */
export class Bench {
  readonly queue: FqCodel
  readonly pool: Mempool
  readonly drops: { readonly id: number; readonly reason: DropReason }[] = []
  /** Told of each packet where it is and which flow it is of. */
  onPut: (offset: number, flow: number) => void = () => {}
  readonly #idOf = new Map<number, number>()
  readonly #in: PacketBatch
  readonly #out: PacketBatch
  #ids = 0

  constructor(options: Partial<FqCodelOptions> = {}, slots = 5000) {
    this.pool = new Mempool({ classes: [{ packetBytes: 1, slots }] })
    this.#in = this.pool.createBatch(1)
    this.#out = this.pool.createBatch(64)
    this.queue = new FqCodel({ onDrop: (slot, reason) => this.#drop(slot, reason), ...options })
  }

  put({ bytes, flow, trafficClass = 0 }: Packet, nowMs: number): number {
    const slot = this.pool.acquire()
    const id = this.#ids++
    this.#idOf.set(slot, id)
    this.onPut(this.pool.offsetOf(slot), flow)
    const batch = this.#in
    batch.push(slot, this.pool.offsetOf(slot), bytes)
    batch.flow[0] = flow
    batch.flags[0] = trafficClass
    batch.sequence[0] = id
    this.queue.enqueue(batch, 0, nowMs)
    batch.count = 0
    return id
  }

  take(budgetBytes: number, nowMs: number): Out[] {
    const out = this.#out
    this.queue.dequeue(out, budgetBytes, nowMs)
    const packets = Array.from({ length: out.count }, (_, row) => ({
      id: out.sequence[row]!,
      flow: out.flow[row]!,
      bytes: out.length[row]!,
    }))
    this.pool.releaseAll(out)
    return packets
  }

  #drop(slot: number, reason: DropReason): void {
    this.drops.push({ id: this.#idOf.get(slot)!, reason })
    this.pool.release(slot)
  }
}

/** Jain's index of fairness: 1 = all equal, 1/n = one has all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0)
  const squares = shares.reduce((total, share) => total + share * share, 0)
  return (sum * sum) / (shares.length * squares)
}
