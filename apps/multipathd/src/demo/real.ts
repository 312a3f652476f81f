import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { capabilities, createLab } from '@mp/netlab'
import type { Lab, LabLink, Namespace, Running } from '@mp/netlab'
import { nodeCrypto } from '@mp/runtime-node'
import { encodeKey } from '@mp/secure-channel'
import { CUT_LINE, DEMO_LINES } from './lines.ts'
import { Download } from './download.ts'
import { printHead, printRow, printSummary, printTableHead } from './story.ts'
import type { Measured, Say } from './story.ts'

const MULTIPATHD = fileURLToPath(new URL('../../bin/multipathd.js', import.meta.url))
const TRANSFER = fileURLToPath(new URL('transfer.js', import.meta.url))
const TUNNEL = { client: '10.99.0.1', server: '10.99.0.2' }
const PORT = 7000
const TRANSFER_PORT = 8000
/** Seconds of each phase; the first of a download is TCP's start and does not count. */
const SINGLE_SECONDS = 5
const JOINED_SECONDS = 6
const CUT_SECONDS = 6
/** Seconds the download may go on beyond that: looking at counters takes time too. The end of the lab ends it. */
const SPARE_SECONDS = 20
/** Seconds before the download has found its way around the cut for good. */
const SETTLE_SECONDS = 2

interface Stage {
  readonly client: Namespace
  readonly server: Namespace
  readonly links: readonly LabLink[]
}

/** The demo on real links: two network namespaces, three shaped lines, two daemons, one TCP download. */
export async function runRealDemo(say: Say): Promise<void> {
  const lab = await createLab()
  try {
    await printHead(say, 'encrypted, with real daemons, TUN devices and TCP between two network namespaces')
    const stage = await setStage(lab)
    await stage.server
      .spawn(process.execPath, [TRANSFER, 'serve', '0.0.0.0', String(TRANSFER_PORT)])
      .waitFor(/ready/)
    const single = await measureSingle(stage)
    const daemons = await startDaemons(stage)
    const { joined, cut } = await measureJoined(stage, say)
    await printSummary(say, { single, joined, cut })
    for (const daemon of daemons) await daemon.kill('SIGTERM')
  } finally {
    await lab.dispose()
  }
}

async function setStage(lab: Lab): Promise<Stage> {
  const client = await lab.namespace('client')
  const server = await lab.namespace('server')
  const links: LabLink[] = []
  for (const [index, { name, rateMbit }] of DEMO_LINES.entries()) {
    const net = `10.77.${index + 1}`
    links.push(
      await lab.link(client, server, { name, rateMbit, aAddress: `${net}.1/24`, bAddress: `${net}.2/24` }),
    )
  }
  return { client, server, links }
}

async function startDaemons({ client, server }: Stage): Promise<readonly Running[]> {
  const keys = { client: newKeys(), server: newKeys() }
  const peer = { name: 'client', publicKey: keys.client.publicKey, allowedIPs: [`${TUNNEL.client}/32`] }
  const serverConfig = {
    isServer: true,
    security: { privateKey: keys.server.privateKey },
    server: { listen: `0.0.0.0:${PORT}`, peers: [peer] },
    tun: { name: 'mpdemo', localAddr: TUNNEL.server, remoteAddr: TUNNEL.client },
  }
  const remotePaths = DEMO_LINES.map(({ name, rateMbit }, index) => {
    const net = `10.77.${index + 1}`
    return { name, remoteAddr: `${net}.2:${PORT}`, localAddr: `${net}.1`, weight: rateMbit }
  })
  const clientConfig = {
    security: { privateKey: keys.client.privateKey, serverPublicKey: keys.server.publicKey },
    client: { remotePaths },
    tun: { name: 'mpdemo', localAddr: TUNNEL.client, remoteAddr: TUNNEL.server },
  }
  const daemons = [await startDaemon(server, serverConfig), await startDaemon(client, clientConfig)]
  for (const { name } of DEMO_LINES) await daemons[1]!.waitFor(new RegExp(`${name}: normal`))
  return daemons
}

/** Keys for this demo alone, as configs have them. */
function newKeys(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = nodeCrypto().generateKeyPair()
  return { privateKey: encodeKey(privateKey), publicKey: encodeKey(publicKey) }
}

/** Its files, config with keys and all, are there only until it has opened them: a demo that is broken off leaves nothing behind. */
async function startDaemon(host: Namespace, config: object): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'multipathd-demo-'))
  try {
    const file = join(folder, `${host.name}.json`)
    await writeFile(file, JSON.stringify({ ...config, control: { socket: 'none' } }), { mode: 0o600 })
    const env = { RUNTIME_DIRECTORY: folder }
    const daemon = host.spawn(process.execPath, [MULTIPATHD, '-config', file], { env })
    await daemon.waitFor(/server listens|client has/)
    return daemon
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureSingle({ client }: Stage): Promise<Measured> {
  const download = fetch(client, '10.77.1.2', SINGLE_SECONDS)
  await download.ended
  return download.measure(1, SINGLE_SECONDS)
}

/** One download all along; a line is cut in the middle of it. */
async function measureJoined(
  { client, links }: Stage,
  say: Say,
): Promise<{ readonly joined: Measured; readonly cut: Measured }> {
  const seconds = JOINED_SECONDS + CUT_SECONDS
  await printTableHead(say)
  const download = fetch(client, TUNNEL.server, seconds + SPARE_SECONDS)
  await download.begun
  let cutSecond = Infinity
  for (let second = 1; second <= seconds; second++) {
    const note = second === JOINED_SECONDS + 1 ? await cutLine(links) : ''
    if (note !== '') cutSecond = download.elapsed()
    const from = { second: download.elapsed(), bytes: await bytesArrived(links) }
    await sleep(1000)
    const to = { second: download.elapsed(), bytes: await bytesArrived(links) }
    const lines = to.bytes.map(
      (bytes, line) => ((bytes - from.bytes[line]!) * 8) / 1e6 / (to.second - from.second),
    )
    await printRow(say, { second, lines, download: download.measure(from.second, to.second).mbit, note })
  }
  return {
    joined: download.measure(1, cutSecond),
    cut: {
      mbit: download.measure(cutSecond + SETTLE_SECONDS, Infinity).mbit,
      gapMs: download.measure(cutSecond - 1, Infinity).gapMs,
    },
  }
}

/** A black hole where nftables can make one; else the plug is pulled, which the daemon is told of by the kernel. */
async function cutLine(links: readonly LabLink[]): Promise<string> {
  const link = links.find(({ name }) => name === CUT_LINE)!
  if (capabilities().nft !== undefined) {
    await link.down()
    return `<- ${CUT_LINE} is pulled out`
  }
  await link.cut()
  return `<- ${CUT_LINE} swallows everything from here`
}

function fetch(client: Namespace, host: string, seconds: number): Download {
  return new Download(
    client.spawn(process.execPath, [TRANSFER, 'fetch', host, String(TRANSFER_PORT), String(seconds)]),
  )
}

async function bytesArrived(links: readonly LabLink[]): Promise<readonly number[]> {
  const counters = await Promise.all(links.map((link) => link.counters()))
  return counters.map(({ a }) => a.rxBytes)
}
