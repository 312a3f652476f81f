import { expect, test } from 'vitest'
import { Rig } from './rig.ts'

/** Days to try, one per seed; more with `MP_SEEDS=100`. */
const SEEDS = Number(process.env['MP_SEEDS'] ?? 1)
const DAY_MS = 86_400_000
const LINES = [
  { mbit: 50, rttMs: 20, loss: 0.05 },
  { mbit: 20, rttMs: 80, jitterMs: 20, loss: 0.05 },
]

test(
  'a path that loses 5 % is lost at most once a day at either end',
  { timeout: 600_000 * SEEDS },
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const lost: Record<string, number> = {}
      const rig = new Rig(LINES, seed, (side, event) => {
        if (event.type !== 'path-state' || event.to !== 'lost') return
        const place = `${side} ${event.path}`
        lost[place] = (lost[place] ?? 0) + 1
      })
      await rig.start()
      await rig.idle(DAY_MS)
      expect(
        Math.max(0, ...Object.values(lost)),
        `seed ${seed}: ${JSON.stringify(lost)}`,
      ).toBeLessThanOrEqual(1)
      await rig.close()
    }
  },
)
