import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { needs } from './support/needs.ts'
import { PingWatch } from './support/ping.ts'
import { INSIDE, createStage } from './support/stage.ts'

const { missing, text } = needs()

/** How soon pings come back once the new server runs, ms. */
const BOUND_MS = 3000

/** With a farewell and without; away for less than a client needs to notice, and for longer than its first tries. */
const ENDS = [
  { signal: 'SIGKILL', awayMs: 0 },
  { signal: 'SIGTERM', awayMs: 2000 },
] as const

test.skipIf(missing).each([{ tcp: false }, { tcp: true }])(
  `an encrypted tunnel with tcp: $tcp works again when its server was away ${text}`,
  async ({ tcp }) => {
    await using stage = await createStage({ secure: true, config: { tcp } })
    let server = await stage.startServer()
    const client = await stage.startClient()
    const watch = new PingWatch(stage.client, INSIDE.server[0])
    for (const { signal, awayMs } of ENDS) {
      await watch.answered(Date.now(), 2000)
      await server.end(signal)
      await sleep(awayMs)
      server = await stage.startServer()
      expect(await watch.answered(Date.now(), 2 * BOUND_MS)).toBeLessThan(BOUND_MS)
    }
    // At the start, and once for each of the others; now and then one more that came too early.
    expect(client.count(/^tunnel established/)).toBeLessThanOrEqual(2 * ENDS.length)
  },
)
