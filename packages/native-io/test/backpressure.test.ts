import { fileURLToPath } from 'node:url'
import { loadNativeIo } from '@mp/native-io'
import { createLab, requires } from '@mp/netlab'
import { describe, expect, it } from 'vitest'

const missing = requires(['root', 'netns'], { native: loadNativeIo().io !== undefined })

describe.skipIf(missing.length > 0)('a native socket on a slow line [needs native, root, netns]', () => {
  it.each(['plain', 'gso'])(
    'leaves datagrams behind when its buffer is full, and says when there is room: %s',
    async (way) => {
      const lab = await createLab()
      try {
        const [near, far] = [await lab.namespace('near'), await lab.namespace('far')]
        await lab.link(near, far, { aAddress: '10.98.0.1/24', bAddress: '10.98.0.2/24', rateMbit: 2 })
        const file = fileURLToPath(new URL('fixtures/fill-buffer.mjs', import.meta.url))
        const outcome = JSON.parse(await near.run(process.execPath, [file, '10.98.0.2:9000', way])) as Record<
          string,
          number
        >
        expect(outcome).toMatchObject({ txPackets: 200, inUse: 0 })
        expect(outcome['takenAtOnce']).toBeLessThan(200)
        expect(outcome['writables']).toBeGreaterThan(1)
      } finally {
        await lab.dispose()
      }
    },
  )
})
