import { afterEach, describe, expect, test } from 'vitest'
import type { Namespace } from '@mp/netlab'
import { iperf } from './support/iperf.ts'
import { needs } from './support/needs.ts'
import { INSIDE, TUN, createStage } from './support/stage.ts'
import type { Change, Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')
const [V4, V6] = INSIDE.server

/** Has a host mark what it receives over a line, as a router in front of it would, if it may be marked. */
async function mark({ name }: { readonly name: string }, host: Namespace, which = ''): Promise<void> {
  await host.run('nft', ['add table netdev router'])
  await host.run('nft', [
    `add chain netdev router arriving { type filter hook ingress device "${name}" priority 0; }`,
  ])
  for (const field of ['ect0', 'ect1'])
    await host.run('nft', [`add rule netdev router arriving ip ecn ${field} ${which} counter ip ecn set ce`])
}

/** Has a host count what comes out of the tunnel with a mark. */
async function watch(host: Namespace): Promise<void> {
  await host.run('nft', ['add table inet inside'])
  await host.run('nft', ['add chain inet inside arriving { type filter hook input priority 0; }'])
  for (const ip of ['ip', 'ip6'])
    await host.run('nft', [`add rule inet inside arriving iifname "${TUN}" ${ip} ecn ce counter`])
}

/** Packets that the rules of a table have counted. */
async function counted(host: Namespace, ...table: string[]): Promise<number> {
  const rules = await host.run('nft', ['list', 'table', ...table])
  return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0)
}

describe.skipIf(missing)(`marks of a router on the line ${text}`, () => {
  let stage: Stage
  afterEach(() => stage.dispose())

  async function start(change: Change = {}): Promise<void> {
    stage = await createStage({ lines: 1, secure: true, config: change })
    await stage.startServer()
    await stage.startClient()
    await watch(stage.server)
  }

  /** Sends ten pings whose ECN field is that of `tos`. */
  async function ping(to: string, tos: number): Promise<void> {
    await stage.client.run('ping', ['-n', '-c', '10', '-i', '0.01', '-W', '1', '-Q', String(tos), to])
  }

  test('come out of the tunnel on packets that may have them', async () => {
    await start()
    await mark(stage.links[0]!, stage.server)
    await ping(V4, 0)
    await ping(V6, 0)
    expect(await counted(stage.server, 'inet', 'inside')).toBe(0)
    expect(await counted(stage.server, 'netdev', 'router')).toBe(0)
    await ping(V4, 2)
    await ping(V6, 1)
    expect(await counted(stage.server, 'inet', 'inside')).toBe(20)
  })

  test('reach a TCP flow that understands them', async () => {
    await start()
    for (const host of [stage.client, stage.server])
      await host.run('sysctl', ['-q', '-w', 'net.ipv4.tcp_ecn=1'])
    await mark(stage.links[0]!, stage.server, 'limit rate 100/second')
    expect(await iperf(stage, { to: V4 })).toBeGreaterThan(1)
    expect(await counted(stage.server, 'netdev', 'router')).toBeGreaterThan(10)
    expect(await counted(stage.server, 'inet', 'inside')).toBeGreaterThan(10)
  })

  test('cannot be set on anything where the config says so', async () => {
    await start({ ecn: false })
    await mark(stage.links[0]!, stage.server)
    await ping(V4, 2)
    expect(await counted(stage.server, 'netdev', 'router')).toBe(0)
    expect(await counted(stage.server, 'inet', 'inside')).toBe(0)
  })
})
