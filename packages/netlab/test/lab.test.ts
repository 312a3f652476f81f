import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLab, natBetween, requires } from '@mp/netlab'
import type { Lab, LabLink, Namespace } from '@mp/netlab'

const missing = requires(['root', 'netns', 'nft', 'ping'])
const missingIperf = requires(['root', 'netns', 'iperf3'])

const namespaces = (): string[] =>
  spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.match(/^mplab-\S+/gm) ?? []
const ours = (): string[] => namespaces().filter((name) => name.startsWith(`mplab-${process.pid}-`))

const ping = async (from: Namespace, to: string): Promise<boolean> =>
  (await from.exec('ping', ['-c', '1', '-W', '0.3', to])).code === 0

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

let lab: Lab
let client: Namespace
let server: Namespace

async function twoHosts(rateMbit?: number): Promise<LabLink> {
  client = await lab.namespace('client')
  server = await lab.namespace('server')
  return lab.link(client, server, {
    aAddress: ['10.77.1.1/24', 'fd00:77::1/64'],
    bAddress: ['10.77.1.2/24', 'fd00:77::2/64'],
    ...(rateMbit === undefined ? {} : { rateMbit }),
  })
}

describe.skipIf(missing.length > 0)('a lab [needs root, netns, nft, ping]', () => {
  beforeEach(async () => {
    lab = await createLab()
  })
  afterEach(() => lab.dispose())

  test('joins two namespaces over IPv4 and IPv6, ready at once', async () => {
    await twoHosts()
    expect(await ping(client, '10.77.1.2')).toBe(true)
    expect(await ping(client, 'fd00:77::2')).toBe(true)
    expect(await ping(client, '127.0.0.1')).toBe(true)
  })

  test('a cut link swallows packets and keeps its carrier until it is restored', async () => {
    const line = await twoHosts()
    await line.cut()
    expect(await ping(client, '10.77.1.2')).toBe(false)
    expect(await ping(server, 'fd00:77::1')).toBe(false)
    const state = await client.run('cat', [`/sys/class/net/${line.name}/carrier`])
    expect(state.trim()).toBe('1')
    await line.restore()
    expect(await ping(client, '10.77.1.2')).toBe(true)
  })

  test('a cut of one direction lets the other one through', async () => {
    const line = await twoHosts()
    const before = await line.counters()
    await line.cut('b-to-a')
    expect(await ping(client, '10.77.1.2')).toBe(false)
    const echoed = await server.run('cat', ['/proc/net/snmp'])
    expect(/^Icmp: (\d+)/m.exec(echoed)?.[1]).toBe('1')
    const after = await line.counters()
    expect(after.a.txPackets).toBeGreaterThan(before.a.txPackets)
  })

  test('a link that was down comes back with its addresses', async () => {
    const line = await twoHosts()
    await line.down()
    expect(await ping(client, '10.77.1.2')).toBe(false)
    await line.up()
    expect(await ping(client, '10.77.1.2')).toBe(true)
    expect(await ping(client, 'fd00:77::2')).toBe(true)
  })

  test('counters see the bytes that crossed the link', async () => {
    const line = await twoHosts()
    const before = await line.counters()
    await client.run('ping', ['-c', '3', '-i', '0.01', '-s', '1000', '10.77.1.2'])
    const after = await line.counters()
    expect(after.b.rxBytes - before.b.rxBytes).toBeGreaterThanOrEqual(3 * 1042)
    expect(after.b.rxBytes - before.b.rxBytes).toBeLessThan(3 * 1042 + 1000)
  })

  test('two lines behind a NAT reach the server from one address', async () => {
    client = await lab.namespace('client')
    server = await lab.namespace('server')
    const { clientAddresses, serverAddress, lines, outside } = await natBetween(lab, { client, server })
    const receiver = server.spawn(process.execPath, [
      '-e',
      `require('dgram').createSocket('udp4')
         .on('message', (text, from) => console.log(String(text), from.address))
         .bind(9, () => console.log('bound'))`,
    ])
    await receiver.waitFor(/bound/)
    for (const [index, address] of clientAddresses.entries()) {
      await client.run(process.execPath, [
        '-e',
        `const socket = require('dgram').createSocket('udp4')
         socket.bind(0, '${address}', () => socket.send('${address}', 9, '${serverAddress}', () => socket.close()))`,
      ])
      const [, from] = await receiver.waitFor(new RegExp(`${address} (\\S+)`))
      expect(from).toBe('203.0.113.1')
      expect((await lines[index]!.counters()).a.txPackets).toBe(1)
    }
    expect((await outside.counters()).b.rxPackets).toBe(2)
  })

  test('a device name that the kernel would refuse is refused first', async () => {
    await twoHosts()
    const options = { name: 'a-name-of-sixteen', aAddress: [], bAddress: [] }
    await expect(lab.link(client, server, options)).rejects.toThrow(/1 to 15 letters.*"a-name-of-sixteen"/)
  })

  test('a program that fails says which command and why', async () => {
    await twoHosts()
    await expect(client.run('ip', ['link', 'show', 'dev', 'nothing'])).rejects.toThrow(
      /`ip netns exec \S+ ip link show dev nothing` ended with 1: .*does not exist/,
    )
  })

  test('dispose kills what runs inside, grandchildren too, and may be called twice', async () => {
    await twoHosts()
    const child = client.spawn('sh', ['-c', 'sleep 60 & echo $!; wait'])
    const [pid] = await child.waitFor(/\d+/)
    await lab.dispose()
    expect((await child.exited).signal).toBe('SIGKILL')
    expect(ours()).toEqual([])
    // Nobody may have waited for it yet: what is left of a process then has no command line.
    await expect.poll(() => commandLine(Number(pid))).toBe('')
    await lab.dispose()
  })
})

describe.skipIf(missingIperf.length > 0)('a link of a set rate [needs root, netns, iperf3]', () => {
  beforeEach(async () => {
    lab = await createLab()
  })
  afterEach(() => lab.dispose())

  test('carries that rate and no more', async () => {
    await twoHosts(20)
    const iperf = server.spawn('iperf3', ['--server', '--one-off', '--forceflush'])
    await iperf.waitFor(/listening/)
    const report = await client.run('iperf3', ['-c', '10.77.1.2', '-t', '1', '-O', '0.3', '-J'])
    const mbit = JSON.parse(report).end.sum_received.bits_per_second / 1e6
    expect(mbit).toBeGreaterThan(17)
    expect(mbit).toBeLessThan(20.5)
  })
})

describe.skipIf(missing.length > 0)('a process with a lab [needs root, netns, nft, ping]', () => {
  const source = new URL('../dist/index.js', import.meta.url).href
  const script = `
    const { createLab } = await import('${source}')
    const lab = await createLab()
    const host = await lab.namespace('left')
    host.spawn('sleep', ['60'])
    console.log('ready', host.netns)
    setInterval(() => {}, 1000)`

  /** Starts such a process, ends it with `signal`, answers its namespace and how it ended. */
  function endBy(signal: NodeJS.Signals): Promise<{ netns: string; ended: NodeJS.Signals | null }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    let netns = ''
    child.stdout.on('data', (text: Buffer) => {
      netns = /ready (\S+)/.exec(text.toString())?.[1] ?? ''
      child.kill(signal)
    })
    return new Promise((resolve) => {
      child.once('close', (_code, ended) => resolve({ netns, ended }))
    })
  }

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'removes it on %s and still ends by that signal',
    async (signal) => {
      const { netns, ended } = await endBy(signal)
      expect(netns).toMatch(/^mplab-/)
      expect(ended).toBe(signal)
      expect(namespaces()).not.toContain(netns)
    },
  )

  test('that is killed outright leaves it to the next lab', async () => {
    const { netns } = await endBy('SIGKILL')
    expect(namespaces()).toContain(netns)
    lab = await createLab()
    expect(namespaces()).not.toContain(netns)
    await lab.dispose()
  })
})
