import type { Link, Transport } from '@mp/interface'
import type { ProberState } from '@mp/prober'
import { simRuntime } from '@mp/testkit'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { Driver } from '../src/driver.ts'
import { StaleLinks } from '../src/stale-links.ts'
import type { TunnelPath } from '../src/path.ts'
import { stream } from './support/packets.ts'
import { countOf, healthyPaths, inWorld, pathsOf, SERVER_HOST, World } from './support/world.ts'

/** A path in a state, and when another link was looked for; it comes after `dialMs`. */
function watched({ dialMs = 0 } = {}) {
  const runtime = simRuntime()
  const driver = new Driver(runtime)
  const path = { prober: { state: 'normal' }, link: {} } as unknown as TunnelPath
  const replacedMs: number[] = []
  const stale = new StaleLinks(() => {
    replacedMs.push(runtime.nowMs())
    if (dialMs === 0) relink()
    else runtime.setTimer(runtime.nowMs() + dialMs, () => relink())
  })
  const look = (): void => {
    stale.update([path], runtime.nowMs())
    driver.rearm()
  }
  const relink = (link: Partial<Link> | undefined = {}): void => {
    path.link = link as Link
    look()
  }
  driver.add(stale)
  return {
    runtime,
    stale,
    path,
    relink,
    gaps: () => replacedMs.map((atMs, index) => atMs - (replacedMs[index - 1] ?? 0)),
    unlink: () => {
      path.link = undefined
      look()
    },
    fault: () => {
      stale.handleFault(path, runtime.nowMs())
      driver.rearm()
    },
    enter: (state: ProberState) => {
      Object.assign(path.prober, { state })
      look()
    },
  }
}

describe('a link whose path is lost', () => {
  test.each([
    [0, [3000, 6000, 12_000, 24_000, 48_000, 60_000, 60_000]],
    [10_000, [3000, 16_000, 22_000, 34_000, 58_000, 70_000]],
  ])(
    'is replaced after 3 s, the next ones with growing patience up to a minute, dialled in %i ms',
    (dialMs, gapsMs) => {
      const { runtime, gaps, enter } = watched({ dialMs })
      enter('lost')
      runtime.runFor(250_000)
      expect(gaps()).toEqual(gapsMs)
    },
  )

  test('is kept when the path comes back in time, and patience begins anew', () => {
    const { runtime, gaps, enter } = watched()
    for (let outage = 0; outage < 5; outage++) {
      enter('lost')
      runtime.runFor(2900)
      enter('unstable')
      runtime.runFor(10_000)
    }
    expect(gaps()).toEqual([])
    enter('lost')
    runtime.runFor(3000)
    expect(gaps()).toHaveLength(1)
  })

  test('has its whole patience when it is new, and is not waited for while there is none', () => {
    const { runtime, gaps, enter, relink, unlink } = watched()
    enter('lost')
    runtime.runFor(2000)
    unlink()
    runtime.runFor(600_000)
    expect(gaps()).toEqual([])
    relink()
    runtime.runFor(2999)
    expect(gaps()).toEqual([])
    runtime.runFor(1)
    expect(gaps()).toHaveLength(1)
  })

  test('is of no interest once the path is closed', () => {
    const { runtime, gaps, enter, stale, path } = watched()
    enter('lost')
    stale.forget(path)
    runtime.runFor(600_000)
    expect(gaps()).toEqual([])
  })
})

describe('a link that the system refuses to send over', () => {
  test('is replaced after 0.1 s, and those that are refused too with growing patience up to 1.6 s', () => {
    const { runtime, gaps, enter, fault } = watched()
    enter('lost')
    for (let ms = 0; ms < 8000; ms += 100) {
      fault()
      runtime.runFor(100)
    }
    expect(gaps()).toEqual([100, 200, 400, 800, 1600, 1600, 1600, 1600])
  })

  test('is followed by one that has the usual patience, unless it is refused too', () => {
    const { runtime, gaps, enter, fault } = watched()
    enter('lost')
    fault()
    runtime.runFor(100)
    fault()
    runtime.runFor(10_000)
    expect(gaps()).toEqual([100, 200, 3000, 6000])
  })

  test('is replaced although its path never worked', () => {
    const { runtime, gaps, enter, fault } = watched()
    enter('initializing')
    fault()
    runtime.runFor(1000)
    expect(gaps()).toEqual([100])
  })
})

/** Stands between a client and its transports, and counts how often it dials. */
function countDials() {
  let count = 0
  const wrapClient = (transport: Transport): Transport => ({
    ...transport,
    dial: async (...dial) => {
      count++
      return transport.dial(...dial)
    },
  })
  return { wrapClient, dials: () => count }
}

test('after an outage of 5 s a tunnel has used a third link and works again', async () => {
  const { wrapClient, dials } = countDials()
  const world = new World({ wrapClient })
  await world.start()
  world.line(0).cut()
  await world.pass(5000)
  world.line(0).restore()
  await world.until(() => world.allHealthy(), 15_000)
  expect(dials()).toBe(3)
  expect(countOf(world.client, 'path-unlinked')).toBe(0)
  for (const side of ['client', 'server'] as const) {
    expect(await stream(world, side, { count: 50 })).toHaveLength(50)
  }
  await world.close()
})

test('a path that carries one way only is dialled anew, though what is sent over it comes and is told of over others', async () => {
  const { wrapClient, dials } = countDials()
  await inWorld({ wrapClient, isAdaptive: true, line: { delayMs: 10, rateBps: 6e6 } }, async (world) => {
    // Reports come over the other one, which is the first.
    world.line(1).setBackward({ blackhole: true })
    const state = (): string => pathsOf(world.client)[1]!.prober.state
    // 8 Mbit/s, which take both lines.
    await stream(world, 'client', { count: 7000, bytes: 1000 })
    expect(state()).toBe('lost')
    expect(dials()).toBe(3)
    world.line(1).restore()
    await world.until(() => world.allHealthy(), 15_000)
  })
})

const OLD_HOST = '10.0.0.1'

/** A world with one path, whose client has the address that `dial` is told; `undefined` = none at all. */
function movable(security?: object) {
  let host: string | undefined = OLD_HOST
  const wrapClient = (transport: Transport): Transport => ({
    ...transport,
    dial: (endpoint, options) =>
      host === undefined
        ? Promise.reject(new Error('there is no route to it'))
        : transport.dial(endpoint, { ...options, localAddress: host }),
  })
  const world = new World({ wrapClient, paths: [{ name: 'dsl' }], ...(security && { security }) })
  const move = (to: string | undefined, code: string): void => {
    world.network.path(host ?? OLD_HOST, SERVER_HOST).unreachable(code)
    host = to
  }
  return { world, move }
}

const localHost = (world: World): string | undefined =>
  pathsOf(world.client)[0]?.localAddress?.replace(/:\d+$/, '')

describe('a client whose own address changes in mid-transfer', () => {
  test.each(['ENETUNREACH', 'EADDRNOTAVAIL', 'EINVAL', 'ENETDOWN', 'EHOSTUNREACH', 'ENODEV'])(
    'goes on within half a second with a fresh link of the same path, told by %s',
    async (code) => {
      const { world, move } = movable({})
      await world.start()
      await stream(world, 'client', { count: 50 })
      move('10.0.5.1', code)
      let lastMs = world.runtime.nowMs()
      let gapMs = 0
      for (let id = 0; id < 1000; id++) {
        const before = world.server.tun.received.length
        await stream(world, 'client', { count: 1, perMs: 1 })
        if (world.server.tun.received.length === before) continue
        gapMs = Math.max(gapMs, world.runtime.nowMs() - lastMs)
        lastMs = world.runtime.nowMs()
        if (id > 20) break
      }
      expect(gapMs).toBeLessThan(700)
      expect(localHost(world)).toBe('10.0.5.1')
      expect(countOf(world.client, 'established')).toBe(1)
      expect(countOf(world.client, 'path-unlinked')).toBe(0)
      expect(await stream(world, 'server', { count: 50 })).toHaveLength(50)
      await world.close()
    },
  )

  test('uses no counter of the path twice', async () => {
    const { world, move } = movable({})
    await world.start()
    for (let round = 0; round < 5; round++) {
      await stream(world, 'client', { count: 30 })
      move(`10.0.${round + 5}.1`, 'EINVAL')
      await stream(world, 'client', { count: 30 })
      // The longer the more often it has failed before.
      await world.until(() => world.allHealthy(), 30_000)
    }
    const counters = world.client.tap.sent
      .filter(({ header }) => header.type >= FrameType.data)
      .map(({ header }) => header.counter24)
    expect(counters.length).toBeGreaterThan(150)
    expect(counters).toEqual(counters.map((_, index) => index))
    await world.close()
  })

  test('keeps its old link while it has no address, tells why once, and goes on as soon as it has one', async () => {
    const { world, move } = movable({})
    await world.start()
    move(undefined, 'EINVAL')
    await stream(world, 'client', { count: 30 })
    await world.pass(60_000)
    expect(pathsOf(world.client)[0]!.localAddress).toMatch(OLD_HOST)
    const told = world.client.events.filter(({ type }) => type === 'path-unlinked')
    expect(told).toMatchObject([{ path: 'dsl', reason: 'there is no route to it' }])
    move('10.0.5.1', 'EINVAL')
    expect(await world.until(() => healthyPaths(world.client).length === 1, 5000)).toBeLessThan(2000)
    move(undefined, 'EINVAL')
    await stream(world, 'client', { count: 30 })
    await world.pass(1000)
    expect(countOf(world.client, 'path-unlinked')).toBe(2)
    await world.close()
  })

  test('goes on with its old link when the fault was none of it', async () => {
    const { world, move } = movable()
    await world.start()
    move(undefined, 'ENETUNREACH')
    await stream(world, 'client', { count: 30 })
    world.line(0).restore()
    await world.until(() => world.allHealthy(), 5000)
    expect(localHost(world)).toBe(OLD_HOST)
    expect(countOf(world.client, 'path-linked')).toBe(1)
    await world.close()
  })

  test('does not try in vain where the server is the one who refuses', async () => {
    const { world, move } = movable()
    await world.start()
    move('10.0.5.1', 'ECONNREFUSED')
    await stream(world, 'client', { count: 30 })
    await world.pass(2000)
    expect(localHost(world)).toBe(OLD_HOST)
    expect(await world.until(() => world.allHealthy(), 10_000)).toBeLessThan(3000)
    await world.close()
  })

  test('is found without any fault too, in some seconds', async () => {
    const { world, move } = movable({})
    await world.start()
    await stream(world, 'client', { count: 30 })
    move('10.0.5.1', 'EINVAL')
    world.network.path(OLD_HOST, SERVER_HOST).restore()
    world.network.path(OLD_HOST, SERVER_HOST).cut()
    expect(
      await world.until(() => localHost(world) === '10.0.5.1' && world.allHealthy(), 10_000),
    ).toBeLessThan(5000)
    await world.close()
  })
})
