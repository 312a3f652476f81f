import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLab, requires } from '@mp/netlab'
import type { Lab, LabLine, LineOptions, Namespace } from '@mp/netlab'

const missing = requires(['root', 'tun', 'netns', 'ping', 'cc'])

let lab: Lab
let client: Namespace
let server: Namespace

async function line(options: Partial<LineOptions> = {}): Promise<LabLine> {
  client = await lab.namespace('client')
  server = await lab.namespace('server')
  const aAddress = ['10.77.1.1/24', 'fd00:77::1/64']
  const bAddress = ['10.77.1.2/24', 'fd00:77::2/64']
  return lab.line(client, server, { aAddress, bAddress, ...options })
}

/** Answers of `count` pings, their round trips in ms. */
async function pings(to: string, count: number): Promise<readonly number[]> {
  const { stdout } = await client.exec('ping', ['-n', '-c', `${count}`, '-i', '0.01', '-W', '0.5', to])
  return [...stdout.matchAll(/time=([\d.]+)/g)].map(([, ms]) => Number(ms))
}

/** A burst of UDP datagrams of 1000 bytes payload, as fast as they leave. */
async function burst(packets: number): Promise<void> {
  const program = `
    const socket = require('node:dgram').createSocket('udp4')
    let left = ${packets}
    const next = () => left-- > 0 ? socket.send(Buffer.alloc(1000), 9, '10.77.1.2', next) : socket.close()
    next()`
  await client.run(process.execPath, ['-e', program])
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(missing.length > 0)('an emulated line [needs root, tun, netns, ping, cc]', () => {
  beforeEach(async () => {
    lab = await createLab()
  })
  afterEach(() => lab.dispose())

  test('carries IPv4 and IPv6 with the delay of both directions', async () => {
    await line({ aToB: { delayMs: 12 }, bToA: { delayMs: 8 } })
    for (const to of ['10.77.1.2', 'fd00:77::2']) {
      const rtts = await pings(to, 20)
      expect(rtts).toHaveLength(20)
      expect(Math.min(...rtts)).toBeGreaterThanOrEqual(20)
      expect(Math.min(...rtts)).toBeLessThan(22)
    }
  })

  test('loses the share it was told to', async () => {
    const lossy = await line({ profile: { lossRatio: 0.2 }, seed: 7 })
    await burst(2000)
    const { lost, offeredPackets, sentPackets } = (await lossy.counters())['a-to-b']
    expect(offeredPackets).toBeGreaterThanOrEqual(2000)
    expect(sentPackets).toBe(offeredPackets - lost)
    expect(lost / offeredPackets).toBeGreaterThan(0.16)
    expect(lost / offeredPackets).toBeLessThan(0.24)
  })

  test('loses in bursts of the mean length it was told, and no more in all', async () => {
    const bursty = await line({ aToB: { lossRatio: 0.2, lossBurstPackets: 5 }, seed: 7 })
    const args = ['-n', '-c', '800', '-i', '0.001', '-W', '0.5', '10.77.1.2']
    const { stdout } = await client.exec('ping', args)
    const { lost, offeredPackets } = (await bursty.counters())['a-to-b']
    expect(lost / offeredPackets).toBeGreaterThan(0.06)
    expect(lost / offeredPackets).toBeLessThan(0.4)
    const came = [...stdout.matchAll(/icmp_seq=(\d+) /g)].map(([, number]) => Number(number))
    const bursts = came.filter((number, index) => number !== (came[index - 1] ?? 0) + 1).length
    expect(lost / bursts).toBeGreaterThan(2.5)
    expect(lost / bursts).toBeLessThan(10)
  })

  test('has a rate, and a queue that is bounded by time', async () => {
    // 1028 bytes at 2 Mbit/s take 4.1 ms: about 25 wait at most 100 ms.
    const slow = await line({ aToB: { rateMbit: 2, queueMs: 100 } })
    await burst(200)
    await pause(300)
    const { sentPackets, queueDrops } = (await slow.counters())['a-to-b']
    expect(sentPackets + queueDrops).toBeGreaterThanOrEqual(200)
    expect(queueDrops).toBeGreaterThan(100)
    expect(sentPackets).toBeGreaterThanOrEqual(25)
  })

  test('a cut swallows all, also what is under way, in the direction that was named, until it is restored', async () => {
    const cut = await line({ profile: { delayMs: 50 } })
    const waiting = pings('10.77.1.2', 1)
    await pause(20)
    await cut.cut('a-to-b')
    expect(await waiting).toEqual([])
    const answered = await server.exec('ping', ['-c', '1', '-W', '0.3', '10.77.1.1'])
    expect(answered.code).not.toBe(0)
    const counters = await cut.counters()
    expect(counters['a-to-b'].cutDrops).toBeGreaterThanOrEqual(2)
    expect(counters['b-to-a']).toMatchObject({ cutDrops: 0 })
    expect(counters['b-to-a'].sentPackets).toBeGreaterThanOrEqual(1)
    await cut.restore()
    expect(await pings('10.77.1.2', 1)).toHaveLength(1)
  })

  test('can be changed while it runs, jitter included, and keeps packets in order', async () => {
    const changing = await line()
    expect(Math.max(...(await pings('10.77.1.2', 5)))).toBeLessThan(15)
    await changing.set({ delayMs: 20, jitterMs: 30 }, 'a-to-b')
    const rtts = await pings('10.77.1.2', 40)
    expect(rtts).toHaveLength(40)
    expect(Math.min(...rtts)).toBeGreaterThanOrEqual(20)
    expect(Math.max(...rtts) - Math.min(...rtts)).toBeGreaterThan(8)
  })

  test('it ends with its lab, and its devices with it', async () => {
    const { name } = await line()
    expect(await client.run('ip', ['link', 'show', name])).toContain(name)
    await lab.dispose()
    await expect(client.run('true', [])).rejects.toThrow('ended with')
  })

  test('a name that no device can have is refused', async () => {
    await expect(line({ name: 'much too long for it' })).rejects.toThrow(
      'the name of a link is 1 to 15 letters, digits, "_", "." or "-"; found "much too long for it"',
    )
  })
})
