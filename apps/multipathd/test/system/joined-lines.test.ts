import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabLine } from '@mp/netlab'
import { startDownload } from './support/download.ts'
import type { Download } from './support/download.ts'
import { needs } from './support/needs.ts'
import { PingWatch } from './support/ping.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('cc')

/** The better of them fills at most its 24 Mbit/s; both fill 33 together. */
const UNLIKE = [
  { rateMbit: 24, delayMs: 10 },
  { rateMbit: 12, delayMs: 30 },
] as const
/** More than the better line carries, whatever a queue that drains adds, Mbit/s. */
const MORE_THAN_BEST_MBIT = 27
/**
 * TCP that nobody helps gets 3.5 Mbit/s here (Mathis: 1.22 packets per round trip, over the root of the loss), over a single
 * line in a tunnel too, where there is no other line to repair from.
 */
const LOSSY = { rateMbit: 20, delayMs: 20, lossRatio: 0.01 } as const
const MORE_THAN_UNHELPED_MBIT = 10
/** Longest silence of a download when a line fails, ms; some 200 on an idle machine. */
const SILENCE_MS = 1500
/** Of the pings, 20 a second, that are under way then; mostly none. */
const LOST_PINGS = 10
/** How soon a rate must be reached, ms; some 3 s. */
const PATIENCE_MS = 15_000
const LOOK_MS = 100

describe.skipIf(missing)(`joined lines ${text}`, () => {
  describe('that are unlike', () => {
    let stage: Stage
    let download: Download
    beforeAll(async () => {
      ;({ stage, download } = await begin(UNLIKE))
    })
    afterAll(() => stage.dispose())

    test('carry more than the better one has', async () => {
      expect(await reaches(download, { mbit: MORE_THAN_BEST_MBIT, seconds: 2 })).toBe(true)
    })

    test('go on when one swallows everything in mid-transfer, and use it again afterwards', async () => {
      const [line] = stage.emulated as [LabLine]
      const watch = new PingWatch(stage.client, INSIDE.server[0])
      await watch.answered(Date.now(), 2000)
      const cutSecond = download.elapsed()
      await line.cut()
      expect(await reaches(download, { mbit: UNLIKE[1].rateMbit * 0.6, seconds: 1 })).toBe(true)
      expect(download.measure(cutSecond, download.elapsed()).gapMs).toBeLessThan(SILENCE_MS)
      await line.restore()
      expect(await carries(line, UNLIKE[0].rateMbit * 0.2)).toBe(true)
      await watch.stop()
      expect(watch.lost()).toBeLessThanOrEqual(LOST_PINGS)
    })

    test('go on when the interface of one goes down', async () => {
      const [line] = stage.emulated as [LabLine]
      const downSecond = download.elapsed()
      await stage.client.run('ip', ['link', 'set', line.name, 'down'])
      expect(await reaches(download, { mbit: UNLIKE[1].rateMbit * 0.6, seconds: 1 })).toBe(true)
      expect(download.measure(downSecond, download.elapsed()).gapMs).toBeLessThan(SILENCE_MS)
    })
  })

  test('that lose packets carry more than each of them could alone', async () => {
    const { stage, download } = await begin([LOSSY, LOSSY])
    try {
      expect(await reaches(download, { mbit: MORE_THAN_UNHELPED_MBIT, seconds: 2 })).toBe(true)
    } finally {
      await stage.dispose()
    }
  })
})

/** Daemons with keys and nothing else set, and a download over them. */
async function begin(
  emulated: readonly { readonly rateMbit: number }[],
): Promise<{ readonly stage: Stage; readonly download: Download }> {
  const stage = await createStage({ secure: true, emulated })
  try {
    // Takes each loss for congestion, and is in every kernel.
    await stage.server.setSysctl('net/ipv4/tcp_congestion_control', 'reno')
    await stage.startServer()
    await stage.startClient()
    return {
      stage,
      download: await startDownload({ from: stage.server, to: stage.client }, INSIDE.server[0]),
    }
  } catch (error) {
    await stage.dispose()
    throw error
  }
}

/** Whether a download has brought `mbit` for `seconds` some time from now on. */
async function reaches(
  download: Download,
  { mbit, seconds }: { readonly mbit: number; readonly seconds: number },
): Promise<boolean> {
  const beginSecond = download.elapsed()
  while (download.elapsed() < beginSecond + PATIENCE_MS / 1000) {
    await sleep(LOOK_MS)
    const now = download.elapsed()
    if (now - beginSecond > seconds && download.measure(now - seconds, now).mbit > mbit) return true
  }
  return false
}

/** Whether a line soon carries `mbit` to the client. */
async function carries(line: LabLine, mbit: number): Promise<boolean> {
  const deadlineMs = Date.now() + PATIENCE_MS
  while (Date.now() < deadlineMs) {
    const before = (await line.counters())['b-to-a'].sentBytes
    await sleep(3 * LOOK_MS)
    const bytes = (await line.counters())['b-to-a'].sentBytes - before
    if ((bytes * 8) / (3 * LOOK_MS) / 1000 > mbit) return true
  }
  return false
}
