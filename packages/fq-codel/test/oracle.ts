import type { Packet } from './support.ts'

interface Waiting extends Packet {
  readonly id: number
  readonly cameAt: number
}

/** A flow queue with the variables of CoDel as in the pseudo-code of RFC 8289, section 5. */
interface FlowQueue {
  packets: Waiting[]
  credit: number
  firstAbove: number
  dropNext: number
  count: number
  lastCount: number
  dropping: boolean
}

export interface OracleOptions {
  readonly maxPackets: number
  readonly maxBytes: number
  readonly quantumBytes: number
  readonly targetMs: number
  readonly intervalMs: number
  /** Packets of these flows can be marked. */
  readonly canMark: (flow: number) => boolean
  /** Of flows that hold equally much, the one with the least rank loses. */
  readonly rankOf: (flow: number) => number
}

const sumOf = (packets: readonly Packet[]): number => packets.reduce((sum, { bytes }) => sum + bytes, 0)

/**
 * FQ-CoDel written down from the pseudo-code of RFC 8289 and the words of RFC 8290, with arrays that are searched and
 * summed up every time, one queue per flow, and the lane and the allowance beside it.
 */
export class FqCodelOracle {
  allowance = 0
  marks = 0
  readonly drops: { id: number; reason: string }[] = []
  private readonly options: OracleOptions
  private readonly flows = new Map<number, FlowQueue>()
  private readonly lane: Waiting[] = []
  private laneSent = 0
  private newFlows: FlowQueue[] = []
  private oldFlows: FlowQueue[] = []
  private ids = 0

  constructor(options: OracleOptions) {
    this.options = options
  }

  put(packet: Packet, cameAt: number): void {
    const waiting = { ...packet, id: this.ids++, cameAt }
    if (packet.trafficClass === 2) this.lane.push(waiting)
    else this.putInFlow(waiting)
    while (this.all().length > this.options.maxPackets || sumOf(this.all()) > this.options.maxBytes)
      this.shrink()
  }

  take(budget: number, now: number): number[] {
    const taken: Waiting[] = []
    while (sumOf(taken) < budget && taken.length < 64) {
      const next = this.next(now)
      if (next === undefined) break
      taken.push(next)
    }
    return taken.map(({ id }) => id)
  }

  all(): Waiting[] {
    return [...this.lane, ...[...this.flows.values()].flatMap(({ packets }) => packets)]
  }

  private putInFlow(packet: Waiting): void {
    const fresh = {
      packets: [],
      credit: 0,
      firstAbove: 0,
      dropNext: 0,
      count: 0,
      lastCount: 0,
      dropping: false,
    }
    const queue: FlowQueue = this.flows.get(packet.flow) ?? fresh
    this.flows.set(packet.flow, queue)
    queue.packets.push(packet)
    if (this.newFlows.includes(queue) || this.oldFlows.includes(queue)) return
    queue.credit = this.options.quantumBytes
    this.newFlows.push(queue)
  }

  private shrink(): void {
    const { rankOf } = this.options
    const ranked = [...this.flows].toSorted(([a], [b]) => rankOf(a) - rankOf(b))
    const queues = ranked.map(([, { packets }]) => packets)
    const fattest = [...queues, this.lane].toSorted((a, b) => sumOf(b) - sumOf(a))[0]!
    const enough = sumOf(fattest) / 2
    for (let dropped = 0; dropped < 64; dropped++) {
      if (dropped > 0 && sumOf(fattest) <= enough) return
      this.drops.push({ id: fattest.shift()!.id, reason: 'queue-full' })
    }
  }

  private next(now: number): Waiting | undefined {
    if (this.lane.length > 0 && this.laneSent < 8 * this.options.quantumBytes) return this.nextOfLane()
    this.laneSent = 0
    return this.nextOfFlows(now) ?? (this.lane.length > 0 ? this.nextOfLane() : undefined)
  }

  private nextOfLane(): Waiting {
    const packet = this.lane.shift()!
    this.laneSent += packet.bytes
    return packet
  }

  private nextOfFlows(now: number): Waiting | undefined {
    for (;;) {
      const list = this.newFlows.length > 0 ? this.newFlows : this.oldFlows
      const queue = list[0]
      if (queue === undefined) return undefined
      if (queue.credit <= 0) {
        queue.credit += this.options.quantumBytes
        this.oldFlows.push(list.shift()!)
        continue
      }
      const packet = this.dequeue(queue, now)
      if (packet !== undefined) {
        queue.credit -= packet.bytes
        return packet
      }
      list.shift()
      if (list === this.newFlows && this.oldFlows.length > 0) this.oldFlows.push(queue)
    }
  }

  /** RFC 8289, 5.5: `dequeue`. */
  private dequeue(queue: FlowQueue, now: number): Waiting | undefined {
    let taken = this.doDequeue(queue, now)
    if (taken.packet === undefined) queue.dropping = false
    else if (queue.dropping) {
      if (!taken.okToDrop) queue.dropping = false
      while (queue.dropping && now >= queue.dropNext) {
        queue.count++
        // The RFC does this only if the next packet is bad too. It makes a difference for the memory of count alone.
        queue.dropNext += this.law(queue)
        if (this.marked(taken.packet!)) return taken.packet
        this.drop(taken.packet!)
        taken = this.doDequeue(queue, now)
        if (!taken.okToDrop) queue.dropping = false
      }
    } else if (taken.okToDrop) {
      const { packet } = taken
      const isMarked = this.marked(packet)
      queue.dropping = true
      const delta = queue.count - queue.lastCount
      queue.count = delta > 1 && now - queue.dropNext < 16 * this.options.intervalMs ? delta : 1
      queue.dropNext = now + this.law(queue)
      queue.lastCount = queue.count
      if (isMarked) return packet
      this.drop(packet)
      taken = this.doDequeue(queue, now)
    }
    return taken.packet
  }

  /** RFC 8289, 5.5: `dodequeue`. */
  private doDequeue(
    queue: FlowQueue,
    now: number,
  ): { packet: Waiting; okToDrop: boolean } | { packet: undefined; okToDrop: false } {
    const packet = queue.packets.shift()
    if (packet === undefined) {
      queue.firstAbove = 0
      queue.dropping = false
      return { packet, okToDrop: false }
    }
    const excess = now - packet.cameAt - this.allowance
    if (excess < this.options.targetMs || sumOf(queue.packets) <= this.options.quantumBytes) {
      queue.firstAbove = 0
      return { packet, okToDrop: false }
    }
    if (queue.firstAbove === 0) queue.firstAbove = now + this.options.intervalMs
    return { packet, okToDrop: now >= queue.firstAbove }
  }

  private law({ count }: FlowQueue): number {
    return this.options.intervalMs / Math.sqrt(count)
  }

  private marked({ flow }: Waiting): boolean {
    if (!this.options.canMark(flow)) return false
    this.marks++
    return true
  }

  private drop({ id }: Waiting): void {
    this.drops.push({ id, reason: 'codel' })
  }
}
