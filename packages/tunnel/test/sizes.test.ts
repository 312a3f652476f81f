import { TCP_ACK, TCP_SYN, internetChecksum, ipv4Packet, tcpPacket } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { inOrder, packet, packets, stream } from './support/packets.ts'
import { World, dropsOf, inWorld, pathsOf } from './support/world.ts'
import type { End, WorldOptions } from './support/world.ts'

const ONE_PATH = [{ name: 'dsl' }]
/** Lines lose what is too large, and both ends may send up to 1500 bytes. */
const PROBED = { wire: { dontFragment: true }, mtuBytes: 1500 } as const
/** Around a packet inside: header, tag, UDP and IPv4. */
const OVERHEAD_BYTES = 60

const mtusOf = (end: End): (number | undefined)[] => pathsOf(end).map(({ mtuBytes }) => mtuBytes)

/** What the client has sent over its first path. */
const narrowBytes = (world: World): number => pathsOf(world.client)[0]!.txBytes

/** The same packet, not to be fragmented. */
function withDf(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice()
  copy[6] = 0x40
  copy.set([0, 0], 10)
  const checksum = internetChecksum(copy.subarray(0, 20))
  copy.set([checksum >> 8, checksum & 0xff], 10)
  return copy
}

/** A world whose lines take packets of so many bytes, and both ends know it. */
async function overLines(
  mtus: readonly number[],
  options: Partial<WorldOptions>,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const world = new World({ ...PROBED, ...options })
  for (const [index, mtuBytes] of mtus.entries()) world.line(index).set({ mtuBytes })
  try {
    await world.start()
    await world.until(
      () => [world.client, world.server].every((end) => mtusOf(end).join() === mtus.join()),
      10_000,
    )
    await world.pass(1000)
    await body(world)
  } finally {
    await world.close()
  }
}

/** Frames lost on the lines because they were too large. */
const tooBigOn = (world: World): number =>
  world.paths.reduce((sum, _, index) => {
    const { forward, backward } = world.line(index).stats()
    return sum + (forward.drops['too-big'] ?? 0) + (backward.drops['too-big'] ?? 0)
  }, 0)

describe.each([
  ['by weight', {}],
  ['sealed, by what they carry', { isAdaptive: true, security: {} }],
] satisfies [string, WorldOptions][])('the MTU of paths shared %s', (_name, options) => {
  test('is found at both ends, and after that nothing gets lost for its size', async () => {
    await overLines([1420, 1500], options, async (world) => {
      const before = tooBigOn(world)
      const sent = packets(200, { bytes: 1500 })
      for (const side of ['client', 'server'] as const) {
        const far = side === 'client' ? world.server : world.client
        far.tun.received.length = 0
        expect(inOrder(await stream(world, side, { count: 200, bytes: 1500 }))).toEqual(inOrder(sent))
      }
      expect(tooBigOn(world)).toBe(before)
    })
  })

  test('that falls in silence is noticed while packets are sent, told, and searched for anew', async () => {
    await overLines([1500, 1500], options, async (world) => {
      world.line(0).set({ mtuBytes: 1400 })
      const falls = (): number =>
        world.client.events.filter((event) => event.type === 'path-mtu' && event.isBlackHole).length
      for (let rounds = 0; falls() === 0 && rounds < 100; rounds++) {
        world.client.tun.injectBatch(packets(4, { bytes: 1400 }))
        await world.pass(100)
      }
      await world.until(() => mtusOf(world.client)[0] === 1400, 5000)
      expect(falls()).toBe(1)
      expect(await stream(world, 'client', { count: 50, bytes: 1400 })).toHaveLength(50)
    })
  })

  test('stays known through an outage', async () => {
    await overLines([1420, 1500], options, async (world) => {
      world.line(0).cut()
      await world.until(() => pathsOf(world.client)[0]!.prober.state === 'lost', 5000)
      world.line(0).restore()
      await world.until(() => world.allHealthy(), 20_000)
      expect(mtusOf(world.client)).toEqual([1420, 1500])
      expect(world.client.events.filter(({ type }) => type === 'path-mtu')).toHaveLength(2)
    })
  })
})

test('where carriers fragment, nothing is searched for, and frames are as large as links say', async () => {
  await inWorld({ wire: { maxFrameBytes: 1300 } }, async (world) => {
    await world.pass(2000)
    expect(mtusOf(world.client)).toEqual([undefined, undefined])
    expect(pathsOf(world.client).map(({ maxFrameBytes }) => maxFrameBytes)).toEqual([1300, 1300])
    expect(await stream(world, 'client', { count: 20, bytes: 1400 })).toHaveLength(20)
  })
})

describe('packets too large for one path', () => {
  test('avoid it while another has room', async () => {
    await overLines([1332, 1500], { isAdaptive: true }, async (world) => {
      const before = narrowBytes(world)
      expect(await stream(world, 'client', { count: 300, bytes: 1400 })).toHaveLength(300)
      expect(narrowBytes(world) - before).toBeLessThan(2000)
    })
  })

  test('take it in pieces when no other has', async () => {
    const line = { rateBps: 8e6, delayMs: 10 }
    await overLines([1332, 1500], { isAdaptive: true, line }, async (world) => {
      const before = narrowBytes(world)
      const arrived = await stream(world, 'client', { count: 600, bytes: 1400 })
      // The wide line alone would bring 430.
      expect(arrived.length).toBeGreaterThan(500)
      expect(narrowBytes(world) - before).toBeGreaterThan(100_000)
    })
  })
})

describe('the MSS', () => {
  const flow = { src: '10.1.0.1', dst: '10.1.0.2', srcPort: 5000, dstPort: 80 }
  const opening = (mss: number, flags = TCP_SYN): Uint8Array =>
    tcpPacket({ ...flow, flags, options: Uint8Array.of(2, 4, mss >> 8, mss & 0xff) })

  test('of both ends is lowered to what passes all paths whole', async () => {
    await overLines([1420, 1500], { isAdaptive: true }, async (world) => {
      const { client, server } = world
      client.tun.inject(opening(1460))
      server.tun.inject(opening(1460, TCP_SYN | TCP_ACK))
      await world.pass(50)
      const whole = 1420 - OVERHEAD_BYTES
      expect(server.tun.received).toEqual([opening(whole - 40)])
      expect(client.tun.received).toEqual([opening(whole - 40, TCP_SYN | TCP_ACK)])
    })
  })

  test('is lowered to the TUN where that takes less, and left alone when it is smaller', async () => {
    await inWorld({ mtuBytes: 1400 }, async (world) => {
      for (const mss of [1460, 1200]) world.client.tun.inject(opening(mss))
      await world.pass(50)
      expect(world.server.tun.received).toEqual([opening(1360), opening(1200)])
    })
  })
})

describe('a packet that is too big, where none shall be cut,', () => {
  const uncut = { fragment: false, paths: ONE_PATH }
  const whole = 1420 - OVERHEAD_BYTES

  test('is answered, so that the next one is not', async () => {
    await overLines([1420], uncut, async (world) => {
      const { client } = world
      const big = withDf(packet(1, { bytes: whole + 1 }))
      expect(await dropsOf(client, () => client.tun.inject(big))).toEqual({ 'too-big': 1 })
      const [answer] = client.tun.received
      const quoted = Uint8Array.of(3, 4, 0, 0, 0, 0, whole >> 8, whole & 0xff, ...big.subarray(0, 548))
      const checksum = internetChecksum(quoted)
      quoted.set([checksum >> 8, checksum & 0xff], 2)
      expect(answer).toEqual(
        ipv4Packet({ src: '10.1.0.2', dst: '10.1.0.1', protocol: 1, tos: 0xc0, payload: quoted }),
      )
      client.tun.inject(withDf(packet(2, { bytes: whole })))
      await world.pass(50)
      expect(world.server.tun.received).toHaveLength(1)
    })
  })

  test('of IPv6 is answered above its least MTU, and cut below', async () => {
    await overLines([1280], uncut, async (world) => {
      const { client, server } = world
      client.tun.injectBatch(packets(2, { version: 6, bytes: 1280 }))
      client.tun.inject(packet(3, { version: 6, bytes: 1281 }))
      await world.pass(50)
      expect(server.tun.received).toHaveLength(2)
      expect(
        client.tun.received.map((answer) => [
          answer[6],
          answer[40],
          new DataView(answer.buffer).getUint32(44),
        ]),
      ).toEqual([[58, 2, 1280]])
    })
  })

  test('is cut all the same when it may be fragmented', async () => {
    await overLines([1420], uncut, async (world) => {
      expect(await stream(world, 'client', { count: 10, bytes: 1500 })).toHaveLength(10)
      expect(world.client.tun.received).toEqual([])
    })
  })

  test('is answered ten times at once, and a hundred times a second', async () => {
    await overLines([1420], uncut, async (world) => {
      const { client } = world
      const big = Array.from({ length: 50 }, (_, id) => withDf(packet(id, { bytes: 1500 })))
      client.tun.injectBatch(big)
      expect(client.tun.received).toHaveLength(10)
      await world.pass(50)
      client.tun.injectBatch(big)
      expect(client.tun.received).toHaveLength(15)
    })
  })
})
