import type { Link, Transport } from '@mp/interface'
import type { ProberState } from '@mp/prober'
import { simRuntime } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { Driver } from '../src/driver.ts'
import { HangingLinks } from '../src/hanging-links.ts'
import type { TunnelPath } from '../src/path.ts'
import { stream } from './support/packets.ts'
import { countOf, World } from './support/world.ts'

const linkOf = (transport: string): Link => ({ transport }) as Link

/** A path in a state, over a link of a transport, and when its links were given up. */
function watched(transport: string) {
  const runtime = simRuntime()
  const driver = new Driver(runtime)
  const path = { prober: { state: 'normal' }, link: linkOf(transport) } as unknown as TunnelPath
  const givenUp: number[] = []
  const hanging = new HangingLinks(() => {
    givenUp.push(runtime.nowMs())
    relink()
  })
  const look = (): void => {
    hanging.update([path], runtime.nowMs())
    driver.rearm()
  }
  const relink = (): void => {
    path.link = linkOf(transport)
    look()
  }
  driver.add(hanging)
  return {
    runtime,
    givenUp,
    relink,
    enter: (state: ProberState) => {
      Object.assign(path.prober, { state })
      look()
    },
  }
}

describe('a TCP connection whose path is lost', () => {
  test('is given up after 3 s, the next ones with growing patience up to a minute', () => {
    const { runtime, givenUp, enter } = watched('tcp')
    enter('lost')
    runtime.runFor(250_000)
    const gaps = givenUp.map((atMs, index) => atMs - (givenUp[index - 1] ?? 0))
    expect(gaps).toEqual([3000, 6000, 12_000, 24_000, 48_000, 60_000, 60_000])
  })

  test('is kept when the path comes back in time, and patience begins anew', () => {
    const { runtime, givenUp, enter } = watched('tcp')
    for (let outage = 0; outage < 5; outage++) {
      enter('lost')
      runtime.runFor(2900)
      enter('unstable')
      runtime.runFor(10_000)
    }
    expect(givenUp).toEqual([])
    enter('lost')
    runtime.runFor(3000)
    expect(givenUp).toHaveLength(1)
  })

  test('has its whole patience when it is new', () => {
    const { runtime, givenUp, enter, relink } = watched('tcp')
    enter('lost')
    runtime.runFor(2000)
    relink()
    runtime.runFor(2999)
    expect(givenUp).toEqual([])
    runtime.runFor(1)
    expect(givenUp).toEqual([5000])
  })

  test('is no concern of UDP', () => {
    const { runtime, givenUp, enter } = watched('udp')
    enter('lost')
    runtime.runFor(600_000)
    expect(givenUp).toEqual([])
    expect(runtime.pendingTimers).toBe(0)
  })
})

test.each([
  ['tcp', 3],
  ['udp', 2],
])('after an outage of 5 s a tunnel over %s has used %i links and works again', async (name, used) => {
  let dials = 0
  const wrapClient = (transport: Transport): Transport => ({
    ...transport,
    dial: async (...dial) => {
      dials++
      return Object.assign(await transport.dial(...dial), { transport: name })
    },
  })
  const world = new World({ wrapClient })
  await world.start()
  world.line(0).cut()
  await world.pass(5000)
  world.line(0).restore()
  await world.until(() => world.allHealthy(), 15_000)
  expect(dials).toBe(used)
  expect(countOf(world.client, 'path-unlinked')).toBe(used - 2)
  for (const side of ['client', 'server'] as const) {
    expect(await stream(world, side, { count: 50 })).toHaveLength(50)
  }
  await world.close()
})
