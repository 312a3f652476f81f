import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startDownload } from './support/download.ts'
import { iperf } from './support/iperf.ts'
import { needs } from './support/needs.ts'
import { PingWatch } from './support/ping.ts'
import { INSIDE, PORT, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')

/** Of each line, Mbit/s. */
const LINE_MBIT = 20
/** Longest silence when one path takes the place of another; some 200 ms on an idle machine. */
const SILENCE_MS = 2000
/** How long it takes to try TCP where UDP brings nothing, ms; some 4 s. */
const FALL_BACK_MS = 12_000
/** How soon UDP is tried again, ms: after 10 s at first. */
const COME_HOME_MS = 15_000

const LISTEN_TO_BOTH = { server: { listen: `0.0.0.0:${PORT}`, transport: 'both' } }
const pathOver = (line: number, transport: string): object => ({
  remoteAddr: `10.77.${line}.2:${PORT}`,
  localAddr: `10.77.${line}.1`,
  transport,
})

describe.skipIf(missing)(`UDP and TCP in one session ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ rateMbit: LINE_MBIT })
    await stage.startServer(LISTEN_TO_BOTH)
  })
  afterEach(() => stage.dispose())

  test('a path over each carry more than one line, and one goes on when the other is cut', async () => {
    const client = await stage.startClient({
      client: { remotePaths: [pathOver(1, 'udp'), pathOver(2, 'tcp')] },
    })
    await iperf(stage, { to: INSIDE.server[0] })
    expect(await iperf(stage, { to: INSIDE.server[0] })).toBeGreaterThan(LINE_MBIT)
    const watch = new PingWatch(stage.client, INSIDE.server[0])
    await watch.answered(Date.now(), 2000)
    const cutMs = Date.now()
    await stage.links[1]!.cut()
    await client.says(/^path2: lost/, { sinceMs: cutMs })
    expect(watch.silenceMs(cutMs)).toBeLessThan(SILENCE_MS)
  })

  test('a path falls back to TCP while UDP is blocked, in mid-transfer, and returns', async () => {
    const client = await stage.startClient({ client: { remotePaths: [pathOver(1, 'auto')] } })
    const download = await startDownload({ from: stage.server, to: stage.client }, INSIDE.server[0])
    const blockMs = Date.now()
    await blockUdp(stage)
    await client.says(/^path1: leads to \S+ over TCP/, { sinceMs: blockMs, withinMs: FALL_BACK_MS })
    const linkedSecond = download.elapsed()
    const watch = new PingWatch(stage.client, INSIDE.server[0])
    await watch.answered(Date.now(), SILENCE_MS)
    // In time for the first trial.
    await stage.server.run('nft', ['delete', 'table', 'inet', 'blockade'])
    const openMs = Date.now()
    await client.says(/^path1: leads to \S+$/, { sinceMs: openMs, withinMs: COME_HOME_MS })
    expect(download.measure(linkedSecond, download.elapsed()).mbit).toBeGreaterThan(1)
    const since = client.said().filter(({ atMs }) => atMs >= openMs)
    expect(since.filter(({ message }) => /^path1: (unstable|lost)/.test(message))).toEqual([])
    expect(watch.silenceMs(openMs)).toBeLessThan(SILENCE_MS)
  }, 60_000)

  test('a path that never saw UDP begins over TCP', async () => {
    await blockUdp(stage)
    const client = await stage.startClient(
      { client: { remotePaths: [pathOver(1, 'auto')] } },
      { ready: false },
    )
    await client.says(/^path1: normal/, { withinMs: FALL_BACK_MS })
    expect(await iperf(stage, { to: INSIDE.server[0], mbit: 5 })).toBeGreaterThan(3)
  })
})

/** No datagram reaches the server any more, and nobody is told. */
async function blockUdp({ server }: Stage): Promise<void> {
  await server.run('nft', ['add table inet blockade'])
  await server.run('nft', ['add chain inet blockade arriving { type filter hook input priority 0; }'])
  await server.run('nft', [`add rule inet blockade arriving udp dport ${PORT} drop`])
}
