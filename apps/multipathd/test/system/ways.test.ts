import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { natBetween } from '@mp/netlab'
import type { Daemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { answers } from './support/ping.ts'
import { INSIDE, PORT, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

describe.skipIf(missing)(`ways to one server ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage()
  })
  afterEach(() => stage.dispose())

  /** Starts both sides; all paths must work, with a link of their own at the server, and pings pass. */
  async function join(
    remotePaths: readonly object[],
    { tcp = false }: { readonly tcp?: boolean } = {},
  ): Promise<string[]> {
    const server = await stage.startServer({ tcp })
    await stage.startClient({ tcp, client: { remotePaths } })
    expect(await answers(stage.client, INSIDE.server[0])).toBe(true)
    const seen = await whereFrom(server, remotePaths.length)
    expect(new Set(seen).size).toBe(remotePaths.length)
    return seen
  }

  test('two paths from one address to one port differ by their source ports', async () => {
    const remoteAddr = `10.77.1.2:${PORT}`
    const seen = await join([{ remoteAddr }, { remoteAddr, localAddr: '10.77.1.1' }])
    expect(seen.map(hostOf)).toEqual(['10.77.1.1', '10.77.1.1'])
  })

  test('two paths to one host on two ports, of which one is forwarded', async () => {
    await forward(stage, PORT + 1)
    const seen = await join([{ remoteAddr: `10.77.1.2:${PORT}` }, { remoteAddr: `10.77.1.2:${PORT + 1}` }])
    expect(seen.map(hostOf)).toEqual(['10.77.1.1', '10.77.1.1'])
  })

  test('two paths to two addresses of the server on one port', async () => {
    const seen = await join([{ remoteAddr: `10.77.1.2:${PORT}` }, { remoteAddr: `10.77.2.2:${PORT}` }])
    expect(seen.map(hostOf)).toEqual(['10.77.1.1', '10.77.2.1'])
  })

  describe('when the server has two addresses on one network', () => {
    const remotePaths = [{ remoteAddr: `10.77.1.2:${PORT}` }, { remoteAddr: `10.77.1.3:${PORT}` }]
    beforeEach(async () => {
      await stage.server.run('ip', ['addr', 'add', '10.77.1.3/24', 'dev', stage.links[0]!.name])
    })

    test.each([false, true])('a path to each, tcp: %s', async (tcp) => {
      expect(await join(remotePaths, { tcp })).toHaveLength(2)
    })
  })

  test.each([false, true])('two paths through one NAT address, tcp: %s', async (tcp) => {
    const { client, server } = stage
    const { clientAddresses, serverAddress, lines } = await natBetween(stage.lab, { client, server })
    const daemon = await stage.startServer({ tcp })
    const remotePaths = clientAddresses.map((localAddr) => ({
      localAddr,
      remoteAddr: `${serverAddress}:${PORT}`,
    }))
    await stage.startClient({ tcp, client: { remotePaths } })
    expect(await answers(client, INSIDE.server[0])).toBe(true)
    const seen = await whereFrom(daemon, 2)
    expect(seen.map(hostOf)).toEqual(['203.0.113.1', '203.0.113.1'])
    expect(new Set(seen).size).toBe(2)
    for (const line of lines) expect((await line.counters()).a.rxPackets).toBeGreaterThan(0)
  })

  test.each([false, true])(
    'one path over IPv4 and one over IPv6 to a server at [::], tcp: %s',
    async (tcp) => {
      const server = await stage.startServer({ tcp, server: { listen: `[::]:${PORT}` } })
      const remotePaths = [{ remoteAddr: `10.77.1.2:${PORT}` }, { remoteAddr: `[fd00:77:2::2]:${PORT}` }]
      await stage.startClient({ tcp, client: { remotePaths } })
      expect(await answers(stage.client, INSIDE.server[0])).toBe(true)
      const [ipv4 = '', ipv6 = ''] = (await whereFrom(server, 2)).map(hostOf)
      expect(ipv4).toMatch(/^(\[::ffff:)?10\.77\.1\.1\]?$/)
      expect(ipv6).toBe('[fd00:77:2::1]')
    },
  )

  test('IPv6 inside without a route of its own to the peer', async () => {
    await stage.startServer()
    await stage.startClient()
    expect(await answers(stage.client, INSIDE.server[1])).toBe(true)
  })

  test.each([false, true])('IPv6 all the way, tcp: %s', async (tcp) => {
    const listen = `[fd00:77:1::2]:${PORT}`
    const server = await stage.startServer({ tcp, server: { listen } })
    await stage.startClient({
      tcp,
      client: { remotePaths: [{ remoteAddr: listen, localAddr: 'fd00:77:1::1' }] },
    })
    expect(await answers(stage.client, INSIDE.server[0])).toBe(true)
    expect((await whereFrom(server, 1)).map(hostOf)).toEqual(['[fd00:77:1::1]'])
  })
})

/** `host:port` that each path comes from, as the server says. */
async function whereFrom(server: Daemon, paths: number): Promise<string[]> {
  const seen: string[] = []
  for (let path = 0; path < paths; path++) {
    const pattern = new RegExp(`^path ${path}: leads to (\\S+)`)
    await server.says(pattern)
    const { message } = server.said().findLast((each) => pattern.test(each.message))!
    seen.push(pattern.exec(message)![1]!)
  }
  return seen
}

const hostOf = (endpoint: string): string => endpoint.replace(/:\d+$/, '')

/** Has `port` of the server lead to the one it listens at, as a router with port forwarding does. */
async function forward({ server }: Stage, port: number): Promise<void> {
  await server.run('nft', ['add table ip forward'])
  await server.run('nft', ['add chain ip forward arriving { type nat hook prerouting priority -100; }'])
  await server.run('nft', [`add rule ip forward arriving udp dport ${port} redirect to :${PORT}`])
}
