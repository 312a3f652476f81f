import { FrameType } from '@mp/wire'
import { vi } from 'vitest'
import type { MockInstance } from 'vitest'
import type { End } from './world.ts'

/** Makes handshake frames vanish on their way to an end, and nothing else, until the mock is restored. */
export function dropHandshakes({ tunnel, pool }: End): MockInstance {
  const onFrames = tunnel.onFrames.bind(tunnel)
  return vi.spyOn(tunnel, 'onFrames').mockImplementation((batch, source) => {
    const kept = pool.createBatch(Math.max(1, batch.count))
    for (let row = 0; row < batch.count; row++) {
      const type = (pool.arena[batch.offset[row]!]! >> 2) & 15
      if (type < FrameType.data) pool.release(batch.slot[row]!)
      else batch.copyRow(row, kept)
    }
    batch.count = 0
    onFrames(kept, source)
  })
}
