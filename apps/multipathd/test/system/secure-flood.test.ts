import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { LabLink } from '@mp/netlab'
import { statsOf } from './support/daemon.ts'
import { startDownload } from './support/download.ts'
import type { Download } from './support/download.ts'
import { needs } from './support/needs.ts'
import { INSIDE, PORT, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

const FLOOD = fileURLToPath(new URL('support/flood.mjs', import.meta.url))
/** Where junk goes, and how many addresses it comes from. */
const VICTIM = '10.78.0.254'
const SOURCES = 128
/**
 * Junk, packets/s: what the server must stand, and less of it for machines whose processors are busy otherwise or too
 * few for a sender, a tunnel and a transfer besides.
 */
const RATES_PPS = [100_000, 50_000, 25_000]
/** So little that the processor is not what limits the transfer without a flood. */
const LINE_MBIT = 20
const MEASURE_MS = 2000
/** What of a transfer must be left. */
const SHARE = 0.8

test.skipIf(missing)(
  `junk from many addresses gets no answer and leaves a transfer its line ${text}`,
  async ({ annotate }) => {
    await using stage = await createStage({ secure: true, lines: 1, rateMbit: LINE_MBIT })
    const server = await stage.startServer()
    await stage.startClient()
    const line = await linkToFlooder(stage)
    const download = await startDownload({ from: stage.client, to: stage.server }, INSIDE.client[0])
    await sleep(500)
    const alone = await goodput(download)
    let share = 0
    for (const pps of RATES_PPS) {
      const { mbit, arrivedPps } = await underFlood(line, pps, download)
      share = mbit / alone
      await annotate(
        `${Math.round(arrivedPps)} packets/s of junk: ${mbit.toFixed(1)} of ${alone.toFixed(1)} Mbit/s are left`,
      )
      if (share > SHARE) break
    }
    expect(share).toBeGreaterThan(SHARE)
    expect((await line.counters()).b.txPackets).toBe(0)
    await server.end()
    // Every kind of junk came as far as it can.
    expect(Object.keys(statsOf(server).drops)).toEqual(
      expect.arrayContaining(['bad-version', 'unknown-session', 'bad-mac1']),
    )
  },
)

async function goodput(download: Download): Promise<number> {
  const second = download.elapsed()
  await sleep(MEASURE_MS)
  return download.measure(second, Infinity).mbit
}

const SOURCE_ADDRESSES = Array.from({ length: SOURCES }, (_each, index) => `10.78.0.${index + 1}`)

/** A network for the flooder, without what the kernels would say to each other there. */
async function linkToFlooder({ lab, server }: Stage): Promise<LabLink> {
  const flooder = await lab.namespace('flooder')
  for (const host of [flooder, server]) await host.setSysctl('net/ipv6/conf/default/disable_ipv6', '1')
  const aAddress = SOURCE_ADDRESSES.map((address) => `${address}/24`)
  return lab.link(flooder, server, { aAddress, bAddress: `${VICTIM}/24` })
}

async function underFlood(
  line: LabLink,
  pps: number,
  download: Download,
): Promise<{ readonly mbit: number; readonly arrivedPps: number }> {
  const flood = line.a.spawn(process.execPath, [FLOOD, `${VICTIM}:${PORT}`, String(pps), ...SOURCE_ADDRESSES])
  await flood.waitFor(/^[1-9]/m)
  const from = { packets: (await line.counters()).b.rxPackets, atMs: performance.now() }
  const mbit = await goodput(download)
  const to = { packets: (await line.counters()).b.rxPackets, atMs: performance.now() }
  await flood.kill('SIGKILL')
  return { mbit, arrivedPps: ((to.packets - from.packets) * 1000) / (to.atMs - from.atMs) }
}
