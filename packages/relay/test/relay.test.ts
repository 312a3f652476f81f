import type { DatagramSocket } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { afterEach, describe, expect, test } from 'vitest'
import { dgramSocket } from '@mp/udpmux'
import { relayEntry, relayExit } from '../src/index.ts'
import { ENTRY, TARGET, createWorld } from './support.ts'
import type { World, WorldOptions } from './support.ts'

let world: World

async function begin(options?: WorldOptions): Promise<World> {
  world = await createWorld(options)
  return world
}

afterEach(async () => {
  await Promise.all([world.entry.close(), world.exit.close(), world.target.socket.close()])
  world.runtime.runFor(1000)
  if (world.pool.inUse !== 0) throw new Error(`${world.pool.inUse} slots were not released`)
})

describe('flows', () => {
  test('each program is a flow of its own at the target, and gets the answers to what it sent', async () => {
    const { runtime, program, target } = await begin()
    const [one, two] = [program('127.0.0.1:4001'), program('127.0.0.1:4002')]
    one.send(ENTRY, 'a1', 'a2')
    two.send(ENTRY, 'b1')
    one.send(ENTRY, 'a3')
    runtime.runFor(10)
    expect(target.texts).toEqual(['a1', 'a2', 'b1', 'a3'])
    const [first, , second] = target.heard.map(({ from }) => from)
    expect(first).not.toBe(second)
    target.send(first!, 'to a')
    target.send(second!, 'to b')
    runtime.runFor(10)
    expect(one.texts).toEqual(['to a'])
    expect(two.texts).toEqual(['to b'])
    expect(one.heard[0]?.from).toBe(ENTRY)
  })

  test('both ends count what went through, in the size it had inside the tunnel', async () => {
    const { runtime, program, entry, exit } = await begin()
    program('127.0.0.1:4001').send(ENTRY, '12345', '6')
    runtime.runFor(10)
    expect(entry.stats()).toMatchObject({ rxPackets: 2, rxBytes: 2 * 28 + 6, txPackets: 0, drops: {} })
    expect(exit.stats()).toMatchObject({ txPackets: 2, txBytes: 6, rxPackets: 0, drops: {} })
  })

  test('a flow that is silent is forgotten at both ends, one in use stays', async () => {
    const { runtime, program, target, entry, exit } = await begin({ idleMs: 1000 })
    const [kept, silent] = [program('127.0.0.1:4001'), program('127.0.0.1:4002')]
    silent.send(ENTRY, 'once')
    for (let i = 0; i < 10; i++) {
      kept.send(ENTRY, `${i}`)
      runtime.runFor(200)
    }
    const from = (text: string): string => target.heard.find((each) => each.text === text)!.from
    expect(from('0')).toBe(from('9'))
    target.send(from('once'), 'too late')
    target.send(from('9'), 'in time')
    runtime.runFor(10)
    expect(silent.texts).toEqual([])
    expect(kept.texts).toEqual(['in time'])
    silent.send(ENTRY, 'again')
    runtime.runFor(10)
    expect(from('again')).not.toBe(from('once'))
    expect([entry.stats().drops, exit.stats().drops]).toEqual([{}, {}])
  })

  test('a flow lives on answers alone', async () => {
    const { runtime, program, target } = await begin({ idleMs: 1000 })
    const listener = program('127.0.0.1:4001')
    listener.send(ENTRY, 'tell me')
    runtime.runFor(10)
    const texts = Array.from({ length: 10 }, (_, i) => `news ${i}`)
    for (const text of texts) {
      target.send(target.heard[0]!.from, text)
      runtime.runFor(500)
    }
    expect(listener.texts).toEqual(texts)
  })

  test('more flows than allowed are dropped and counted, and there is room again when one goes', async () => {
    const { runtime, program, target, exit } = await begin({ maxFlows: 2, entryFlows: 8, idleMs: 1000 })
    for (const port of [4001, 4002, 4003]) program(`127.0.0.1:${port}`).send(ENTRY, `${port}`)
    runtime.runFor(10)
    expect(target.texts).toEqual(['4001', '4002'])
    expect(exit.stats().drops).toEqual({ 'flow-limit': 1 })
    runtime.runFor(2000)
    program('127.0.0.1:4004').send(ENTRY, 'late')
    runtime.runFor(10)
    expect(target.texts).toContain('late')
  })

  test('a table full of programs in use takes no other one', async () => {
    const { runtime, program, target, entry } = await begin({ entryFlows: 2 })
    for (const port of [4001, 4002, 4003]) program(`127.0.0.1:${port}`).send(ENTRY, `${port}`)
    runtime.runFor(10)
    expect(target.texts).toEqual(['4001', '4002'])
    expect(entry.stats().drops).toEqual({ 'peer-table-full': 1 })
  })
})

describe('the sockets of the exit', () => {
  test('what comes while a socket is opened waits for it, in order, up to a bound', async () => {
    let attach: (() => void) | undefined
    const { runtime, program, target, exit } = await begin({
      openExit: (open) => new Promise((resolve) => (attach = () => resolve(open()))),
    })
    const texts = Array.from({ length: 70 }, (_, i) => `${i}`)
    program('127.0.0.1:4001').send(ENTRY, ...texts)
    runtime.runFor(10)
    expect(target.texts).toEqual([])
    attach?.()
    await Promise.resolve()
    await Promise.resolve()
    runtime.runFor(10)
    expect(target.texts).toEqual(texts.slice(0, 64))
    expect(exit.stats().drops).toEqual({ 'flow-opening': 6 })
  })

  test('a socket that cannot be opened is told, counted, and tried again with the next datagram', async () => {
    const errors: unknown[] = []
    let failures = 1
    const { runtime, program, target, exit } = await begin({
      onError: (error) => errors.push(error),
      openExit: (open): DatagramSocket => {
        if (failures-- > 0) throw new Error('EMFILE')
        return open()
      },
    })
    const one = program('127.0.0.1:4001')
    one.send(ENTRY, 'lost')
    runtime.runFor(10)
    one.send(ENTRY, 'sent')
    runtime.runFor(10)
    expect(target.texts).toEqual(['sent'])
    expect(String(errors)).toContain('EMFILE')
    expect(exit.stats().drops).toEqual({ 'no-socket': 1 })
  })

  test('what a socket dropped is told, also when its flow is over', async () => {
    const { runtime, network, program, exit } = await begin({ idleMs: 1000 })
    network.path('192.0.2.1', '192.0.2.9').unreachable()
    program('127.0.0.1:4001').send(ENTRY, 'one', 'two')
    runtime.runFor(10)
    expect(exit.stats().drops).toEqual({ unreachable: 2 })
    runtime.runFor(3000)
    for (let turn = 0; turn < 10; turn++) {
      expect(exit.stats().drops).toEqual({ unreachable: 2 })
      await Promise.resolve()
    }
  })

  test('a socket that is there only after the end is closed', async () => {
    let opened: DatagramSocket | undefined
    let attach: (() => void) | undefined
    const { runtime, program, network, exit } = await begin({
      openExit: (open) => new Promise((resolve) => (attach = () => resolve((opened = open())))),
    })
    program('127.0.0.1:4001').send(ENTRY, 'x')
    runtime.runFor(10)
    await exit.close()
    attach?.()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    const address = opened!.localAddress
    expect(() => network.open(address, { pool: world.pool })).not.toThrow()
  })
})

test('a flow that begins anew while its socket is still being opened outlives the failure of that', async () => {
  const opening: { readonly open: () => void; readonly fail: () => void }[] = []
  const { runtime, program, target, exit } = await begin({
    idleMs: 1000,
    openExit: (open) =>
      new Promise((resolve, reject) =>
        opening.push({ open: () => resolve(open()), fail: () => reject(new Error('too late')) }),
      ),
  })
  const client = program('127.0.0.1:4001')
  const send = async (text: string): Promise<void> => {
    client.send(ENTRY, text)
    runtime.runFor(10)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  await send('forgotten')
  runtime.runFor(2000)
  await send('first')
  opening[1]!.open()
  opening[0]!.fail()
  await send('second')
  await send('third')
  runtime.runFor(10)
  expect([target.texts, opening.length]).toEqual([['first', 'second', 'third'], 2])
  expect(exit.stats().drops).toEqual({ 'flow-closed': 1 })
})

describe('a device', () => {
  test('that failed before it was started says so then, and has no timer', async () => {
    const { network, pool, runtime } = await begin()
    const socket = network.open('192.0.2.7:1', { pool })
    const options = { pool, runtime, listen: '', localAddress: '10.99.0.2', remoteAddress: '10.99.0.1' }
    const entry = await relayEntry({ ...options, openSocket: () => socket })
    const fault = new Error('the interface is gone')
    entry.onClose(fault)
    const closes: (Error | undefined)[] = []
    entry.start({ onPackets: () => {}, onClose: (error) => closes.push(error) })
    await entry.close()
    expect(closes).toEqual([fault])
    await Promise.all([world.entry.close(), world.exit.close(), world.target.socket.close()])
    expect(runtime.runUntilIdle(10_000)).toBe(true)
  })

  test.each([
    ['maxFlows', { maxFlows: 1.5 }],
    ['maxFlows', { maxFlows: 65_536 }],
    ['idleMs', { idleMs: NaN }],
    ['idleMs', { idleMs: 0 }],
    ['headroom', { pool: new Mempool({ headroomBytes: 16 }) }],
  ])('refuses a wrong %s, and leaves no socket open', async (what, wrong) => {
    const { network, pool, runtime } = await begin()
    const socket = network.open('192.0.2.7:1', { pool })
    const options = { pool, runtime, listen: '', localAddress: '10.99.0.2', remoteAddress: '10.99.0.1' }
    await expect(relayEntry({ ...options, ...wrong, openSocket: () => socket })).rejects.toThrow(what)
    expect(() => network.open('192.0.2.7:1', { pool })).not.toThrow()
  })
})

test('the addresses inside the tunnel must be IPv4', async () => {
  await begin()
  const { pool, runtime } = world
  expect(() =>
    relayExit({ pool, runtime, openSocket: dgramSocket, target: TARGET, localAddress: 'fd00::1' }),
  ).toThrow("a relay needs IPv4 addresses inside the tunnel, found 'fd00::1'")
})
