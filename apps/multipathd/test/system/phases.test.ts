import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { LabLink } from '@mp/netlab'
import type { Daemon } from './support/daemon.ts'
import { iperf } from './support/iperf.ts'
import { needs } from './support/needs.ts'
import { PingWatch, answers } from './support/ping.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')

/** Longest silence of pings when one of two lines goes, ms; some 200 on an idle machine. */
const SILENCE_MS = 2000
/** How soon the first ping comes back when all lines were away, ms; 300 on an idle machine. */
const FIRST_ANSWER_MS = 5000
/** How soon a connection is tried in place of one that hangs, and given up, ms; some 14 s. */
const DIALS_MS = 25_000
/** How soon a path counts as good again, ms; some 4 s, because one that just failed is on trial. */
const TRIAL_MS = 15_000
/** The next retry of a connection whose line was cut for as long as a dial takes comes later than this. */
const SOONER_MS = 10_000

describe.skipIf(missing).each([{ tcp: false }, { tcp: true }])(
  `two lines with tcp: $tcp ${text}`,
  ({ tcp }) => {
    let stage: Stage
    let line1: LabLink
    let line2: LabLink
    let daemon: Daemon
    let watch: PingWatch

    beforeAll(async () => {
      stage = await createStage({ config: { tcp } })
      ;[line1, line2] = stage.links as [LabLink, LabLink]
      await stage.startServer()
      daemon = await stage.startClient()
      watch = new PingWatch(stage.client, INSIDE.server[0])
      await watch.answered(Date.now(), 2000)
    })
    afterEach(async () => {
      // Also when a test failed: the next one starts with whole lines.
      await Promise.all([line1.restore(), line2.restore(), line2.up()])
    })
    afterAll(() => stage.dispose())

    const isNormal = (path: number, sinceMs: number): Promise<number> =>
      daemon.says(new RegExp(`^path${path}: normal`), { sinceMs, withinMs: TRIAL_MS })

    test('carry pings of both families in both directions', async () => {
      for (const address of INSIDE.server) expect(await answers(stage.client, address)).toBe(true)
      for (const address of INSIDE.client) expect(await answers(stage.server, address)).toBe(true)
    })

    test.each([
      [INSIDE.server[0], false],
      [INSIDE.server[0], true],
      [INSIDE.server[1], false],
    ])('carry a TCP stream to %s, reverse: %s', async (to, reverse) => {
      expect(await iperf(stage, { to, reverse, mbit: 20 })).toBeGreaterThan(15)
    })

    test('keep pings going while line 2 is a black hole, and use it again afterwards', async () => {
      const cutMs = Date.now()
      await line2.cut()
      await daemon.says(/^path2: lost/, { sinceMs: cutMs })
      expect(await iperf(stage, { to: INSIDE.server[0], mbit: 5 })).toBeGreaterThan(3)
      // Left alone, the retries of TCP would find the line again as late as the cut was long.
      if (tcp) await daemon.says(/^path2: no link: cannot dial/, { sinceMs: cutMs, withinMs: DIALS_MS })
      const restoreMs = Date.now()
      await line2.restore()
      const normalMs = await isNormal(2, restoreMs)
      // With TCP over a new connection, or over the old one if a retry came just then.
      expect(normalMs - restoreMs).toBeLessThan(SOONER_MS)
      expect(watch.silenceMs(cutMs)).toBeLessThan(SILENCE_MS)
    })

    test('are silent when both are black holes, and recover without help', async () => {
      const cutMs = Date.now()
      await Promise.all([line1.cut(), line2.cut()])
      await daemon.says(/^no path to the server works/, { sinceMs: cutMs })
      const silentMs = Date.now()
      await sleep(500)
      expect(watch.answersMs().filter((atMs) => atMs > silentMs)).toEqual([])
      const restoreMs = Date.now()
      await Promise.all([line1.restore(), line2.restore()])
      await watch.answered(restoreMs, FIRST_ANSWER_MS)
      await Promise.all([isNormal(1, restoreMs), isNormal(2, restoreMs)])
    })

    test('keep pings going while line 2 has no carrier, and use it again afterwards', async () => {
      const downMs = Date.now()
      await line2.down()
      await daemon.says(/^path2: lost/, { sinceMs: downMs })
      const upMs = Date.now()
      await line2.up()
      await isNormal(2, upMs)
      expect(watch.silenceMs(downMs)).toBeLessThan(SILENCE_MS)
    })
  },
)
