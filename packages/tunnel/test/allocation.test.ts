import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { BATCH_PACKETS, Straight } from './support/straight.ts'

// Asked for here, so that the test needs no command line of its own.
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const PACKETS = 1_000_000

/** Bytes that were put on the heap meanwhile. Between two looks it only grows, but for when it is collected. */
function allocatedBy(world: Straight): number {
  const batches = Math.ceil(PACKETS / BATCH_PACKETS)
  let bytes = 0
  let before = process.memoryUsage().heapUsed
  for (let batch = 0; batch < batches; batch += 8) {
    world.carry(8)
    const now = process.memoryUsage().heapUsed
    bytes += Math.max(0, now - before)
    before = now
  }
  return bytes
}

// A number object is 16 bytes. What happens once per batch, reports and probes take 2 to 10; with several paths the compiler
// of Node leaves one or two numbers per packet on the heap.
test.each([
  { paths: 1, leastBytes: 12 },
  { paths: 2, leastBytes: 48 },
])(
  'a packet through both ends over $paths path(s) makes less than $leastBytes bytes of garbage',
  async ({ paths, leastBytes }) => {
    const ends = new Straight(paths)
    await ends.start()
    ends.carry(1000)
    collectGarbage()
    const arrivedBefore = ends.to.written
    const bytes = allocatedBy(ends)
    expect(ends.to.written - arrivedBefore).toBeGreaterThan(0.9 * PACKETS)
    expect(bytes / PACKETS).toBeLessThan(leastBytes)
    expect(await ends.close()).toBe(0)
  },
)
