import type { Transport } from '@mp/interface'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { checkSettings, isSpecial, settingsOf } from '../src/path-settings.ts'
import { inOrder, packets } from './support/packets.ts'
import { inWorld, pathsOf, World } from './support/world.ts'
import type { PathSpec, Side, WorldOptions } from './support/world.ts'

const SIDES: readonly Side[] = ['client', 'server']
const PACKET_BYTES = 1200
const BACKUP: readonly PathSpec[] = [{ name: 'dsl' }, { name: 'lte', role: 'backup' }]

/** Both ends send a packet each ms (10 Mbit/s) for `ms`; `at` is called before each. */
async function talk(world: World, ms: number, at: (ms: number) => void = () => {}): Promise<void> {
  for (let passed = 0; passed < ms; passed++) {
    at(passed)
    for (const side of SIDES) world[side].tun.injectBatch(packets(1, { from: passed, bytes: PACKET_BYTES }))
    await world.pass(1)
  }
}

/** Frames with inner packets that an end sent over each path so far. */
function dataOn(world: World, side: Side): number[] {
  const ids = world[side].tap.sent.filter(({ header }) => header.type === FrameType.data)
  return [0, 1].map((id) => ids.filter(({ header }) => header.pathId === id).length)
}

/** Bit/s of frames that an end sent over each path while `body` ran. */
async function rates(world: World, side: Side, body: () => Promise<void>): Promise<number[]> {
  const startMs = world.runtime.nowMs()
  const before = pathsOf(world[side]).map(({ txBytes }) => txBytes)
  await body()
  const ms = world.runtime.nowMs() - startMs
  return pathsOf(world[side]).map(({ txBytes }, index) => ((txBytes - before[index]!) * 8000) / ms)
}

describe.each([
  ['adaptive', true],
  ['by weight', false],
])('a backup, %s', (_how, isAdaptive) => {
  test('carries nothing while another path works, at either end, and all when none does', async () => {
    await inWorld({ isAdaptive, paths: BACKUP }, async (world) => {
      await talk(world, 500)
      for (const side of SIDES) expect(dataOn(world, side)).toEqual([500, 0])
      world.line(0).cut()
      await talk(world, 3000)
      const used = SIDES.map((side) => dataOn(world, side)[1]!)
      for (const packetsOnBackup of used) expect(packetsOnBackup).toBeGreaterThan(2000)
      world.line(0).restore()
      await world.until(() => pathsOf(world.client)[0]!.use === 'active', 20_000)
      await world.until(() => pathsOf(world.server)[0]!.use === 'active', 20_000)
      await world.pass(1000)
      const before = SIDES.map((side) => dataOn(world, side)[1]!)
      await talk(world, 200)
      expect(SIDES.map((side) => dataOn(world, side)[1]!)).toEqual(before)
    })
  })
})

/** No interface of the client has the address of its second path. */
const withoutSecondAddress = (transport: Transport): Transport => ({
  ...transport,
  dial: async (endpoint, wishes) => {
    const link = await transport.dial(endpoint, wishes)
    if (!link.localAddress.startsWith('10.0.1.')) return link
    link.close()
    throw new Error('no interface has that address')
  },
})

test('a path that never had a link can be used in another way, and given up', async () => {
  const world = new World({ isAdaptive: true, wrapClient: withoutSecondAddress })
  await world.startServer()
  const { tunnel } = world.startClient()
  await world.until(() => pathsOf(world.client)[0]?.use === 'active', 5000)
  expect(pathsOf(world.client)[1]).toMatchObject({ unusedReason: 'no link' })
  expect(tunnel.setPath('lte', { weight: 3 })).toBe(true)
  expect(pathsOf(world.client)[1]?.weight).toBe(3)
  tunnel.retirePath('lte')
  await world.pass(2000)
  expect(pathsOf(world.client)).toHaveLength(1)
  await world.close()
})

describe('what is said of a path while it runs', () => {
  test('reaches the server, and can be taken back', async () => {
    await inWorld({ isAdaptive: true }, async (world) => {
      const { client, server } = world
      const settings = () => pathsOf(server)[1]!.settings
      const usual = settings()
      expect(
        client.tunnel.setPath('lte', {
          role: 'secondary',
          costMs: 30,
          weight: 7,
          maxReceiveBps: 2e6,
          idleProbeMs: 60_000,
        }),
      ).toBe(true)
      await world.pass(300)
      expect(settings()).toMatchObject({
        role: 'secondary',
        costMs: 30,
        weight: 7,
        maxSendBps: 2e6,
        idleProbeMs: 60_000,
      })
      client.tunnel.setPath('lte', { isExhausted: true })
      await world.pass(300)
      expect(settings()).toMatchObject({ role: 'secondary', isExhausted: true })
      client.tunnel.setPath('lte', { ...usual })
      await world.pass(300)
      expect(settings()).toEqual(usual)
      expect(client.tunnel.setPath('sat', { weight: 2 })).toBe(false)
      expect(() => client.tunnel.setPath('lte', { weight: 0 })).toThrow(RangeError)
    })
  })

  test('moves no packet into the void: all arrive once while roles change every 50 ms', async () => {
    await inWorld({ isAdaptive: true, security: {} }, async (world) => {
      await talk(world, 1000, (ms) => {
        if (ms % 50 !== 0) return
        const turn = (ms / 50) % 3
        world.client.tunnel.setPath('dsl', { role: turn === 0 ? 'backup' : 'primary' })
        world.client.tunnel.setPath('lte', {
          role: turn === 1 ? 'backup' : 'secondary',
          isExhausted: turn === 2,
        })
      })
      await world.pass(500)
      for (const side of SIDES)
        expect(inOrder(world[side].tun.received)).toEqual(inOrder(packets(1000, { bytes: PACKET_BYTES })))
    })
  })
})

describe('a limit', () => {
  const LIMIT_BPS = 2e6
  const line: WorldOptions['line'] = { delayMs: 10, rateBps: 50e6, queueBytes: 100_000 }

  test.each<[string, readonly PathSpec[]]>([
    [
      'one of two paths',
      [
        { name: 'dsl', maxSendBps: LIMIT_BPS, maxReceiveBps: LIMIT_BPS },
        { name: 'lte', role: 'secondary' },
      ],
    ],
    ['the only path', [{ name: 'dsl', maxSendBps: LIMIT_BPS, maxReceiveBps: LIMIT_BPS }]],
  ])('of %s is kept by both ends', async (_which, paths) => {
    await inWorld({ isAdaptive: true, line, paths }, async (world) => {
      await talk(world, 1000)
      for (const side of SIDES) {
        const [limited] = await rates(world, side, () => talk(world, 2000))
        expect(limited).toBeGreaterThan(0.9 * LIMIT_BPS)
        expect(limited).toBeLessThan(1.06 * LIMIT_BPS)
      }
    })
  })

  test('of the only path can be lifted and set, and nothing is lost that was not too much', async () => {
    await inWorld({ isAdaptive: true, line, paths: [{ name: 'dsl', maxSendBps: 20e6 }] }, async (world) => {
      await talk(world, 1000, (ms) => {
        if (ms % 100 === 0)
          world.client.tunnel.setPath('dsl', { maxSendBps: ms % 200 === 0 ? Infinity : 20e6 })
      })
      await world.pass(500)
      expect(inOrder(world.server.tun.received)).toEqual(inOrder(packets(1000, { bytes: PACKET_BYTES })))
    })
  })
})

describe('paths that come and go while packets flow', () => {
  test('cost no packet, and each has an id that no other had', async () => {
    await inWorld({ isAdaptive: true, security: {} }, async (world) => {
      const { tunnel } = world.client
      await talk(world, 3000, (ms) => {
        if (ms % 300 === 0) tunnel.addPath(world.clientPath({ name: 'sat' }, 2))
        if (ms % 300 === 200) tunnel.retirePath('sat')
      })
      await world.pass(1500)
      for (const side of SIDES) {
        expect(inOrder(world[side].tun.received)).toEqual(inOrder(packets(3000, { bytes: PACKET_BYTES })))
        const satellites = world[side].tap.sent.filter(({ header }) => header.pathId >= 2)
        expect(new Set(satellites.map(({ header }) => header.pathId)).size).toBe(10)
      }
      expect(pathsOf(world.client).map(({ name }) => name)).toEqual(['dsl', 'lte'])
    })
  })

  test('are refused under a name that is taken, and when there are too many', async () => {
    await inWorld({ paths: [{ name: 'dsl' }] }, async (world) => {
      const { tunnel } = world.client
      expect(() => tunnel.addPath(world.clientPath({ name: 'dsl' }, 1))).toThrow(
        /there is a path 'dsl' already/,
      )
      for (let index = 1; index < 32; index++) tunnel.addPath(world.clientPath({ name: `${index}` }, index))
      expect(() => tunnel.addPath(world.clientPath({ name: 'more' }, 32))).toThrow(RangeError)
      expect(pathsOf(world.client)).toHaveLength(32)
    })
  })

  test('take the place of others under their name, also of the only one, at the cost of no packet', async () => {
    await inWorld({ isAdaptive: true, security: {}, paths: [{ name: 'dsl' }] }, async (world) => {
      await talk(world, 2000, (ms) => {
        if (ms % 400 === 100) world.client.tunnel.replacePath(world.clientPath({ name: 'dsl' }, ms))
      })
      await world.pass(1500)
      for (const side of SIDES)
        expect(inOrder(world[side].tun.received)).toEqual(inOrder(packets(2000, { bytes: PACKET_BYTES })))
      expect(pathsOf(world.client).map(({ id, name }) => [id, name])).toEqual([[5, 'dsl']])
    })
  })

  test('leave the one of their name alone when there is no room for them', async () => {
    const names = Array.from({ length: 32 }, (_, index) => ({ name: `${index}` }))
    await inWorld({ paths: names }, async (world) => {
      const { tunnel } = world.client
      expect(() => tunnel.replacePath(world.clientPath({ name: '7' }, 7))).toThrow(/no path id is free/)
      await world.pass(15_000)
      expect(pathsOf(world.client).map(({ name }) => ({ name }))).toEqual(names)
    })
  })

  test('are refused by a tunnel that is closed, and nothing is dialled', async () => {
    const world = new World({})
    await world.start()
    await world.client.tunnel.close()
    for (const join of ['addPath', 'replacePath'] as const)
      expect(() => world.client.tunnel[join](world.clientPath({ name: 'sat' }, 2))).toThrow(/closed/)
    await world.close()
  })

  test('without keys have 256 ids in all, since nobody can tell old frames from new ones', async () => {
    await inWorld({ paths: [{ name: 'dsl' }] }, async (world) => {
      const { tunnel } = world.client
      for (let id = 1; id < 256; id++) {
        tunnel.addPath(world.clientPath({ name: 'sat' }, 1))
        tunnel.closePath('sat')
      }
      expect(() => tunnel.addPath(world.clientPath({ name: 'sat' }, 1))).toThrow(/no path id is free/)
    })
  })
})

describe('an idle path', () => {
  const DAY_MS = 86_400_000
  /** UDP and IPv4 headers, and of IPv6. */
  const HEADERS_BYTES = 28

  async function bytesADay(settings: Partial<PathSpec>): Promise<number> {
    let bytes = 0
    const options = { isAdaptive: true, security: {}, paths: [{ name: 'dsl' }, { name: 'lte', ...settings }] }
    await inWorld(options, async (world) => {
      await world.pass(60_000)
      const before = pathsOf(world.client)[1]!
      const quarterMs = DAY_MS / 24
      await world.pass(quarterMs)
      const { txBytes, rxBytes, txFrames, rxFrames } = pathsOf(world.client)[1]!
      const frames = txFrames + rxFrames - before.txFrames - before.rxFrames
      bytes = 24 * (txBytes + rxBytes - before.txBytes - before.rxBytes + HEADERS_BYTES * frames)
    })
    return bytes
  }

  test('costs less than 2 MB a day, and one that is probed each minute less than 0.8 MB', async () => {
    expect(await bytesADay({ role: 'backup' })).toBeLessThan(2e6)
    expect(await bytesADay({ role: 'backup', idleProbeMs: 60_000 })).toBeLessThan(0.8e6)
  })
})

describe('settings', () => {
  test.each([
    [{ weight: 1.5 }, 'weight'],
    [{ weight: 65_536 }, 'weight'],
    [{ role: 'spare' as never }, 'role'],
    [{ costMs: -1 }, 'costMs'],
    [{ maxSendBps: 63_999 }, 'maxSendBps'],
    [{ maxReceiveBps: 17e9 }, 'maxReceiveBps'],
    [{ idleProbeMs: 500 }, 'idleProbeMs'],
    [{ idleProbeMs: 256_000 }, 'idleProbeMs'],
  ])('refuse %j', (settings, key) => {
    expect(() => checkSettings('dsl', settings)).toThrow(new RegExp(`path 'dsl': expected .*${key}`))
  })

  test('are told when they are special, and a weight alone is not', () => {
    expect(isSpecial({ weight: 9, role: 'primary' })).toBe(false)
    expect(isSpecial({ costMs: 1 })).toBe(true)
    expect(settingsOf({ weight: 2, name: 'dsl', role: undefined } as never)).toEqual({ weight: 2 })
  })
})
