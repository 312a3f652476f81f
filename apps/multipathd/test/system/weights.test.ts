import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { iperf } from './support/iperf.ts'
import { needs } from './support/needs.ts'
import { INSIDE, PORT, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')

describe.skipIf(missing)(`paths of weights 3 and 1 ${text}`, () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await createStage()
    await stage.startServer({ scheduling: 'static' })
    const remotePaths = [
      { remoteAddr: `10.77.1.2:${PORT}`, weight: 3 },
      { remoteAddr: `10.77.2.2:${PORT}`, weight: 1 },
    ]
    await stage.startClient({ scheduling: 'static', client: { remotePaths } })
  })
  afterAll(() => stage.dispose())

  const bytesSent = (side: 'a' | 'b'): Promise<number[]> =>
    Promise.all(stage.links.map(async (link) => (await link.counters())[side].txBytes))

  test.each([
    ['client', 'a', false],
    ['server', 'b', true],
  ] as const)('carry three bytes to one of what the %s sends', async (_sender, side, reverse) => {
    const before = await bytesSent(side)
    await iperf(stage, { to: INSIDE.server[0], reverse, udp: true, mbit: 20 })
    const after = await bytesSent(side)
    const [heavy, light] = after.map((bytes, line) => bytes - before[line]!) as [number, number]
    expect(heavy + light).toBeGreaterThan(2e6)
    expect(heavy / light).toBeGreaterThan(3 * 0.95)
    expect(heavy / light).toBeLessThan(3 * 1.05)
  })
})
