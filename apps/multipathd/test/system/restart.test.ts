import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Daemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { PingWatch } from './support/ping.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

/** How soon pings come back once the new daemon runs, ms: after a farewell, and when the other one must find out. */
const BOUNDS = [
  ['SIGTERM', 3000],
  ['SIGKILL', 10_000],
] as const
/** How long a side is away, ms. */
const AWAY_MS = 500

describe.skipIf(missing).each([{ tcp: false }, { tcp: true }])(
  `a tunnel with tcp: $tcp ${text}`,
  ({ tcp }) => {
    let stage: Stage
    let server: Daemon
    let client: Daemon
    beforeAll(async () => {
      stage = await createStage({ config: { tcp } })
      server = await stage.startServer()
      client = await stage.startClient()
    })
    afterAll(() => stage.dispose())

    test.each(BOUNDS)(
      'works again after %s and restart of the server within %s ms',
      async (signal, boundMs) => {
        const watch = new PingWatch(stage.client, INSIDE.server[0])
        await watch.answered(Date.now(), 2000)
        await server.end(signal)
        await sleep(AWAY_MS)
        server = await stage.startServer()
        expect(await watch.answered(Date.now(), boundMs)).toBeLessThan(boundMs)
        await watch.stop()
      },
    )

    test.each(BOUNDS)(
      'works again after %s and restart of the client within %s ms',
      async (signal, boundMs) => {
        const watch = new PingWatch(stage.server, INSIDE.client[0])
        await watch.answered(Date.now(), 2000)
        await client.end(signal)
        await sleep(AWAY_MS)
        client = await stage.startClient({}, { ready: false })
        expect(await watch.answered(Date.now(), boundMs)).toBeLessThan(boundMs)
        await watch.stop()
      },
    )

    test('uses all paths in the end', async () => {
      for (const path of [1, 2]) await client.says(new RegExp(`^path${path}: normal`))
      const last = server.said().filter(({ message }) => message.startsWith('tunnel established'))
      for (const path of [0, 1])
        await server.says(new RegExp(`^path ${path}: normal`), { sinceMs: last.at(-1)!.atMs })
      expect(client.count(/lost|unstable/)).toBe(0)
    })
  },
)
