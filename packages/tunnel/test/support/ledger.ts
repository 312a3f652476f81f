import type { PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { HEADER_BYTES } from '@mp/wire'
import { vi } from 'vitest'
import { DropCounter } from '../../src/drop-counter.ts'
import { idOf } from './packets.ts'

/** What became of a slot: handed on (to a link, to a TUN, or used up), or dropped under a name. */
export interface Fate {
  /** Number of the packet that was in it; undefined for all else. */
  readonly id: number | undefined
  /** Name of the drop. */
  readonly drop: string | undefined
}

/** The name under which the drop counter at work drops now. */
let dropping: string | undefined

/** Has every pool that is watched know the names of drops. @returns how to undo it. */
export function watchDrops(): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- called on each counter below
  const { drop, dropAll } = DropCounter.prototype
  const spies = [
    vi.spyOn(DropCounter.prototype, 'drop').mockImplementation(named(drop)),
    vi.spyOn(DropCounter.prototype, 'dropAll').mockImplementation(named(dropAll)),
  ]
  return () => {
    for (const spy of spies) spy.mockRestore()
  }
}

function named<T>(original: (this: DropCounter, what: T, reason: string) => void) {
  return function (this: DropCounter, what: T, reason: string): undefined {
    dropping = reason
    original.call(this, what, reason)
    dropping = undefined
  }
}

/** A pool that notes the fate of every slot, and wipes it so that the next user does not look like the last. */
export class WatchedPool extends Mempool {
  readonly fates: Fate[] = []

  override release(slot: number): void {
    this.#note(slot)
    super.release(slot)
  }

  override releaseAll(batch: PacketBatch): void {
    for (let row = 0; row < batch.count; row++) this.#note(batch.slot[row]!)
    super.releaseAll(batch)
  }

  #note(slot: number): void {
    this.fates.push({ id: this.#idIn(slot), drop: dropping })
    this.arena.fill(0, this.startOf(slot), this.endOf(slot))
  }

  /** A packet lies where fresh ones do, or behind the header of the frame it came in. */
  #idIn(slot: number): number | undefined {
    for (const offset of [this.offsetOf(slot), this.offsetOf(slot) + HEADER_BYTES]) {
      const bytes = this.arena.subarray(offset, offset + 32)
      if (bytes[0] === 0x45 && bytes[12] === 10 && bytes[13] === 1) return idOf(bytes)
    }
    return undefined
  }
}
