import { Mempool } from '@mp/mempool'
import { chooseAead } from '@mp/native-io'
import { nodeCrypto } from '@mp/runtime-node'
import { CfsScheduler } from '@mp/scheduler-cfs'
import { MemoryNetwork, memoryTransport, memoryTun, simRuntime } from '@mp/testkit'
import type { NetworkPath, SimRuntime } from '@mp/testkit'
import { TunnelClient, TunnelServer } from '@mp/tunnel'
import type { ClientSecurity, TunnelPath, TunnelServerOptions } from '@mp/tunnel'
import { fragmenter } from '@mp/udpmux'
import { BEST, CUT_LINE, DEMO_LINES } from './lines.ts'
import type { DemoLine } from './lines.ts'
import { printHead, printRow, printSummary, printTableHead } from './story.ts'
import type { Measured, Say } from './story.ts'
import { WindowFlow } from './window-flow.ts'

const PORT = 7000
const START_MS = 1000
const SINGLE_MS = 5000
const JOINED_SECONDS = 6
const CUT_SECONDS = 6
/** Seconds before the download has found its way around the cut for good. */
const SETTLE_SECONDS = 2
const STEP_MS = 1
/** One-way delay of every line, ms. */
const DELAY_MS = 10
const CIPHER = 'chacha20-poly1305'
/** Inner network of the client. */
const INSIDE = '10.99.0.1/32'
/** Any day after 1970 will do. */
const FIRST_DAY_MS = 1_800_000_000_000

/** The demo without root: the same tunnel code on emulated lines, in virtual time. */
export async function runSimulatedDemo(say: Say, lack: string): Promise<void> {
  await printHead(say, `encrypted, emulated in virtual time (${lack})`)
  const alone = await setStage([BEST])
  await play(alone, SINGLE_MS)
  const startMs = alone.runtime.nowMs()
  const single = alone.flow.measure(startMs - SINGLE_MS + 1000, startMs)
  const { joined, cut } = await playJoined(say)
  await printSummary(say, { single, joined, cut })
}

interface Stage {
  readonly runtime: SimRuntime
  readonly paths: readonly NetworkPath[]
  readonly flow: WindowFlow
}

async function setStage(lines: readonly DemoLine[]): Promise<Stage> {
  const runtime = simRuntime({ seed: 1 })
  const network = new MemoryNetwork({ runtime })
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 8192 }] })
  const paths = lines.map(({ rateMbit }, index) => {
    const path = network.path(hostOf('client', index), hostOf('server', index))
    path.set({ rateBps: rateMbit * 1e6, delayMs: DELAY_MS })
    return path
  })
  const transport = memoryTransport(network, { pool })
  const tuns = { client: memoryTun({ pool }), server: memoryTun({ pool }) }
  const common = {
    runtime,
    pool,
    createScheduler: () => new CfsScheduler<TunnelPath>(),
    createFragmenter: () => fragmenter({ pool }),
  }
  const listen = lines.map((_line, index) => ({ transport, endpoint: `${hostOf('server', index)}:${PORT}` }))
  const { client, server } = securities(runtime, pool)
  await new TunnelServer({ ...common, ...server, tun: tuns.server, listen }).start()
  new TunnelClient({
    ...common,
    security: client,
    tun: tuns.client,
    paths: lines.map(({ name, rateMbit }, index) => ({
      name,
      transport,
      endpoint: `${hostOf('server', index)}:${PORT}`,
      localAddress: hostOf('client', index),
      weight: rateMbit,
    })),
  }).start()
  await runtime.advance(START_MS)
  return { runtime, paths, flow: new WindowFlow(runtime, tuns.server, tuns.client) }
}

/** Keys for both ends, and the same cipher on every machine, so that the figures are the same too. */
function securities(
  runtime: SimRuntime,
  pool: Mempool,
): { readonly client: ClientSecurity; readonly server: Pick<TunnelServerOptions, 'security' | 'peers'> } {
  const crypto = nodeCrypto()
  const { aead } = chooseAead({ pool, cipher: CIPHER })
  const [clientKeys, serverKeys] = [crypto.generateKeyPair(), crypto.generateKeyPair()]
  const common = {
    crypto,
    costs: { 'aes-256-gcm': 0, [CIPHER]: 1 },
    aeadOf: () => aead,
    wallMs: () => FIRST_DAY_MS + runtime.nowMs(),
  }
  const peer = { name: 'client', publicKey: clientKeys.publicKey, allowedIPs: [INSIDE] }
  return {
    client: { ...common, staticKeys: clientKeys, serverKey: serverKeys.publicKey },
    server: { security: { ...common, staticKeys: serverKeys }, peers: [peer] },
  }
}

function hostOf(side: 'client' | 'server', line: number): string {
  return `10.77.${line + 1}.${side === 'client' ? 1 : 2}`
}

async function play({ runtime, flow }: Stage, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    flow.step()
    runtime.runFor(STEP_MS)
  }
  await runtime.advance(0)
}

async function playJoined(say: Say): Promise<{ readonly joined: Measured; readonly cut: Measured }> {
  const stage = await setStage(DEMO_LINES)
  const { runtime, paths, flow } = stage
  const startMs = runtime.nowMs()
  const at = (second: number): number => startMs + second * 1000
  await printTableHead(say)
  for (let second = 1; second <= JOINED_SECONDS + CUT_SECONDS; second++) {
    const cuts = second === JOINED_SECONDS + 1
    if (cuts) paths[DEMO_LINES.findIndex(({ name }) => name === CUT_LINE)]?.cut()
    const before = paths.map(bytesArrived)
    await play(stage, 1000)
    const lines = paths.map((path, index) => ((bytesArrived(path) - before[index]!) * 8) / 1e6)
    const note = cuts ? `<- ${CUT_LINE} swallows everything from here` : ''
    await printRow(say, { second, lines, download: flow.measure(at(second - 1), at(second)).mbit, note })
  }
  const end = JOINED_SECONDS + CUT_SECONDS
  return {
    joined: flow.measure(at(1), at(JOINED_SECONDS)),
    cut: {
      mbit: flow.measure(at(JOINED_SECONDS + SETTLE_SECONDS), at(end)).mbit,
      gapMs: flow.measure(at(JOINED_SECONDS - 1), at(end)).gapMs,
    },
  }
}

function bytesArrived(path: NetworkPath): number {
  return path.stats().backward.outBytes
}
