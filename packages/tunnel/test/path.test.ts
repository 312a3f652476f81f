import type { Link, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { Prober } from '@mp/prober'
import { describe, expect, test } from 'vitest'
import { BatchShelf } from '../src/batch-shelf.ts'
import { DropCounter } from '../src/drop-counter.ts'
import { TunnelPath } from '../src/path.ts'
import { USUAL_SETTINGS } from '../src/path-settings.ts'

const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 8 }] })
const shelf = new BatchShelf(pool, 4)
const owner = { sendProbe: () => {}, handleProberEvent: () => {}, seal: () => {} }

function createPath(id: number): TunnelPath {
  const prober = new Prober({ nextNonce: () => 1 })
  return new TunnelPath({ id, name: `path ${id}` }, USUAL_SETTINGS, { owner, prober, shelf })
}

/** A link that takes so many frames of each batch. */
function linkTaking(frames: number): Link {
  const send = (batch: PacketBatch): number => {
    const taken = Math.min(frames, batch.count)
    for (let row = 0; row < taken; row++) pool.release(batch.slot[row]!)
    batch.dropFront(taken)
    return taken
  }
  return { send } as Link
}

function write(path: TunnelPath, frames: number): void {
  for (let frame = 0; frame < frames; frame++) {
    const slot = pool.acquire()
    path.out.push(slot, pool.offsetOf(slot), 100)
  }
}

describe('the batch of a path', () => {
  test('goes back to the shelf when the link took all, and stays while it did not', () => {
    const path = createPath(0)
    path.link = linkTaking(2)
    write(path, 3)
    const { out } = path
    path.flush()
    expect([path.waiting, path.blocked, path.out]).toEqual([1, true, out])
    path.blocked = false
    path.flush()
    expect([path.waiting, path.blocked]).toEqual([0, false])
    expect(createPath(1).out).toBe(out)
    expect(path.counters).toMatchObject({ txFrames: 3, txBytes: 300 })
  })

  test.each([
    [5, 0, 0],
    [2, 3, 0],
    [0, 4, 1],
  ])('gets what a link that takes %i of 5 leaves, as far as it has room', (taken, waiting, left) => {
    const path = createPath(0)
    path.link = linkTaking(taken)
    const frames = pool.createBatch(8)
    for (let frame = 0; frame < 5; frame++) {
      const slot = pool.acquire()
      frames.push(slot, pool.offsetOf(slot), 100)
    }
    expect(path.sendAll(frames)).toBe(taken === 5)
    if (taken < 5) path.keep(frames)
    expect([path.waiting, frames.count, path.blocked]).toEqual([waiting, left, taken < 5])
    expect(path.counters).toMatchObject({ txFrames: taken, txBytes: 100 * taken })
    // What waits is sealed: a flush gives it to the link as it is.
    expect(path.sealed).toBe(waiting)
    path.dropWaiting(new DropCounter(pool), 'path-closed')
    pool.releaseAll(frames)
    expect(pool.inUse).toBe(0)
  })

  test('goes back when what is in it is dropped, with its slots', () => {
    const drops = new DropCounter(pool)
    const path = createPath(0)
    write(path, 3)
    path.flush()
    expect(path.waiting).toBe(3)
    const { out } = path
    path.dropWaiting(drops, 'path-closed')
    path.dropWaiting(drops, 'path-closed')
    expect(drops.snapshot()).toEqual({ 'path-closed': 3 })
    expect([createPath(1).out, createPath(2).out].filter((each) => each === out)).toHaveLength(1)
    expect(pool.inUse).toBe(0)
  })

  test('is in one place only, also when its frames are dropped while the link has them', () => {
    const drops = new DropCounter(pool)
    const path = createPath(0)
    const taking = linkTaking(1)
    const send = (batch: PacketBatch): number => {
      const taken = taking.send(batch)
      path.dropWaiting(drops, 'path-closed')
      return taken
    }
    path.link = { ...taking, send }
    write(path, 3)
    const { out } = path
    path.flush()
    expect([createPath(1).out, createPath(2).out].filter((each) => each === out)).toHaveLength(1)
    expect(pool.inUse).toBe(0)
  })
})
