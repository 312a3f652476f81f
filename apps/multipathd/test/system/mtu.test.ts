import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Namespace } from '@mp/netlab'
import type { Daemon } from './support/daemon.ts'
import { iperf } from './support/iperf.ts'
import { needs } from './support/needs.ts'
import { INSIDE, clientConfig, createStage, serverConfig } from './support/stage.ts'
import type { Change, Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')
const [V4, V6] = INSIDE.server
/** Around a packet inside: the frame, UDP and IPv4. */
const OVERHEAD_BYTES = 60

/** Sends a ping of `packetBytes` that must stay whole. */
async function pingWhole(from: Namespace, to: string, packetBytes: number) {
  const size = String(packetBytes - (to === V6 ? 48 : 28))
  const { code, stdout, stderr } = await from.exec('ping', [
    '-n',
    '-M',
    'do',
    '-c',
    '1',
    '-W',
    '1',
    '-s',
    size,
    to,
  ])
  return { answered: code === 0, said: stdout + stderr }
}

/** How many packets of IPv4 a host has fragmented. */
async function fragmented(host: Namespace): Promise<number> {
  const [names = '', values = ''] = (await host.run('cat', ['/proc/net/snmp'])).split('\n')
  return Number(values.split(' ')[names.split(' ').indexOf('FragOKs')])
}

/** Has what arrives at a host vanish when it is larger than `bytes`. */
async function swallow({ client, server, links }: Stage, bytes: number): Promise<void> {
  const device = links[0]!.name
  for (const host of [client, server]) {
    await host.run('nft', ['add table netdev narrow'])
    await host.run('nft', [
      `add chain netdev narrow arriving { type filter hook ingress device "${device}" priority 0; }`,
    ])
    await host.run('nft', [`add rule netdev narrow arriving ip length > ${bytes} drop`])
  }
}

describe.skipIf(missing)(`the MTU of a path ${text}`, () => {
  let stage: Stage
  afterEach(() => stage.dispose())

  /** Both sides with a TUN of 1500 bytes, over a line whose interfaces have an MTU of `lineBytes`. */
  async function start(lineBytes: number, { tun, ...change }: Change = {}): Promise<Daemon[]> {
    stage = await createStage({ lines: 1 })
    const device = stage.links[0]!.name
    for (const host of [stage.client, stage.server])
      await host.run('ip', ['link', 'set', 'dev', device, 'mtu', String(lineBytes)])
    const wide = { mtu: 1500, ...tun }
    const server = await stage.startServer({ ...change, tun: { ...serverConfig().tun, ...wide } })
    const client = await stage.startClient({ ...change, tun: { ...clientConfig(1).tun, ...wide } })
    for (const daemon of [server, client])
      await daemon.says(new RegExp(`takes packets of up to ${lineBytes} bytes`))
    return [server, client]
  }

  test('is found at both ends, and larger packets pass in pieces', async () => {
    await start(1400)
    for (const to of INSIDE.server)
      expect(await pingWhole(stage.client, to, 1500)).toMatchObject({ answered: true })
    expect(await iperf(stage, { to: V4 })).toBeGreaterThan(10)
    expect(await iperf(stage, { to: V6, reverse: true })).toBeGreaterThan(10)
    expect(await iperf(stage, { to: V4, udp: true, lengthBytes: 1472, mbit: 5 })).toBeGreaterThan(4)
    expect(await Promise.all([stage.client, stage.server].map(fragmented))).toEqual([0, 0])
  })

  test('is told to those who send larger packets, when none shall be cut', async () => {
    await start(1400, { tun: { fragment: false } })
    const whole = 1400 - OVERHEAD_BYTES
    for (const to of INSIDE.server) {
      const refused = await pingWhole(stage.client, to, 1500)
      expect(refused).toMatchObject({
        answered: false,
        said: expect.stringMatching(new RegExp(`mtu ?= ?${whole}`)),
      })
      expect(await pingWhole(stage.client, to, whole)).toMatchObject({ answered: true })
    }
    expect(await iperf(stage, { to: V4 })).toBeGreaterThan(10)
  })

  test('that falls without a word is noticed, and what stalled goes on', { timeout: 30_000 }, async () => {
    // Runs of datagrams would be one large packet to the filter.
    const daemons = await start(1500, { offload: { gso: false, gro: false } })
    await swallow(stage, 1380)
    const sinceMs = Date.now()
    const pings = stage.client.spawn('ping', ['-n', '-i', '0.1', '-s', '1400', V4])
    for (const daemon of daemons) {
      await daemon.says(/swallows large packets/, { sinceMs, withinMs: 12_000 })
      await daemon.says(/takes packets of up to 1380 bytes/, { sinceMs, withinMs: 20_000 })
    }
    await sleep(300)
    await pings.kill('SIGINT')
    expect(pings.output().stdout).toMatch(/[1-9]\d* received/)
    expect(await pingWhole(stage.client, V4, 1500)).toMatchObject({ answered: true })
  })
})
