import { GCProfiler, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Mempool } from '@mp/mempool'

// Asked for here, so that the test needs no command line of its own.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** 64 packets at a time through a pool and a batch; the same work for every packet. */
function churn(pool: Mempool, packets: number): void {
  const batch = pool.createBatch(64)
  for (let done = 0; done < packets; done += batch.capacity) {
    for (let row = 0; row < batch.capacity; row++) {
      const slot = pool.acquire()
      batch.push(slot, pool.offsetOf(slot), 1400)
    }
    pool.releaseAll(batch)
  }
}

test('a million packets leave nothing behind on the heap, nor make garbage on the way', () => {
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 64 }] })
  churn(pool, 100_000)
  collectGarbage()
  const profiler = new GCProfiler()
  profiler.start()
  const before = process.memoryUsage().heapUsed
  churn(pool, 1_000_000)
  const grownBytes = process.memoryUsage().heapUsed - before
  expect(pool.inUse).toBe(0)
  // One number object per packet would be 12 MB, or a collection in between that hides it.
  expect(grownBytes).toBeLessThan(1_000_000)
  expect(profiler.stop().statistics).toEqual([])
})
