import type { PacketBatch, PacketPool, Runtime } from '@mp/interface'
import { emulatedPath, type EmulatedLink, type LineOptions } from '../netem/index.ts'
import { Alarm } from './alarm.ts'
import type { InnerHost } from './inner-host.ts'

/** Two hosts and what is between them. Both use `pool`. */
export interface InnerWireOptions {
  readonly runtime: Runtime
  readonly pool: PacketPool
  readonly a: InnerHost
  readonly b: InnerHost
  readonly ab: LineOptions
  readonly ba: LineOptions
  /** Default 1. */
  readonly seed?: number
}

/** A plain line between two inner hosts, without a tunnel: what flows do on it is what a tunnel is compared with. */
export class InnerWire {
  readonly ab: EmulatedLink
  readonly ba: EmulatedLink

  /** Starts both hosts. Throws RangeError for an option out of range. */
  constructor({ runtime, pool, a, b, ab, ba, seed = 1 }: InnerWireOptions) {
    const path = emulatedPath({ ab, ba }, { seed, onDrop: (item) => pool.release(item) })
    this.ab = path.ab
    this.ba = path.ba
    connect({ runtime, pool, from: a, to: b, line: this.ab })
    connect({ runtime, pool, from: b, to: a, line: this.ba })
  }
}

interface Way {
  readonly runtime: Runtime
  readonly pool: PacketPool
  readonly from: InnerHost
  readonly to: InnerHost
  readonly line: EmulatedLink
}

/** Packets keep their slots; the item that travels is the slot. */
function connect({ runtime, pool, from, to, line }: Way): void {
  const lengths = new Int32Array(pool.capacity)
  const arrived = pool.createBatch(1)
  const deliver = (): void => {
    const nowMs = runtime.nowMs()
    for (let slot = line.pop(nowMs); slot >= 0; slot = line.pop(nowMs)) {
      arrived.push(slot, pool.offsetOf(slot), lengths[slot]!)
      to.write(arrived)
    }
    alarm.set(line.pollTimeout())
  }
  const alarm = new Alarm(runtime, deliver)
  const onPackets = (batch: PacketBatch): void => {
    const nowMs = runtime.nowMs()
    for (let row = 0; row < batch.count; row++) {
      const slot = batch.slot[row]!
      lengths[slot] = batch.length[row]!
      line.push(slot, batch.length[row]!, nowMs)
    }
    batch.count = 0
    alarm.set(line.pollTimeout())
  }
  from.start({ onPackets, onClose: () => {} })
}
