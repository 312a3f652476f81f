import { HELLO_BYTES, Initiator } from '@mp/secure-channel'
import { seededRandom } from '@mp/testkit'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { inOrder, packets } from './support/packets.ts'
import { stranger, throwAt } from './support/raw.ts'
import { securityOf, seededCrypto } from './support/security.ts'
import { closeReasons, countOf, dropsOf, inWorld, statsOf, World } from './support/world.ts'

/** Frames that look like greetings to whoever does not compute their MAC. */
function junkHellos(count: number, seed: number): Uint8Array[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const frame = Uint8Array.from({ length: HELLO_BYTES }, () => random() * 256)
    frame.set([0x44, 0, 0, 0], 0)
    frame.set([0, 0, 0], 5)
    frame[8] = 1
    return frame
  })
}

/** Greetings of strangers who know the public key of the server. */
function strangersHellos({ server, runtime, keys }: World, count: number): Uint8Array[] {
  const crypto = seededCrypto(5)
  return Array.from({ length: count }, (_, index) => {
    const security = securityOf({ runtime, pool: server.pool, crypto, staticKeys: crypto.generateKeyPair() })
    const initiator = new Initiator({ ...security, responderKey: keys.server.publicKey })
    initiator.begin({ nowMs: 0, wallMs: security.wallMs(), localIndex: index + 1, remoteIndex: 0 })
    const hello = new Uint8Array(HELLO_BYTES)
    initiator.helloFor(0, hello)
    return hello
  })
}

describe('a flood of greetings', () => {
  test('that are junk is not answered, leaves nothing behind and stops no traffic', async () => {
    await inWorld({ security: {} }, async (world) => {
      const { client, server } = world
      const { source, answers } = stranger(server)
      const junk = junkHellos(400, 1)
      let seen = 0
      const drops = await dropsOf(server, async () => {
        for (let burst = 0; burst < 100; burst++) {
          // As many as 40 000 a second.
          throwAt(server, junk, source)
          seen += junk.length
          for (const end of [client, server]) end.tun.injectBatch(packets(5, { from: 5 * burst, bytes: 100 }))
          await world.pass(10)
        }
      })
      await world.pass(100)
      expect(answers).toEqual([])
      expect(Object.keys(drops).toSorted((a, b) => a.localeCompare(b))).toEqual(['bad-mac1', 'hello-flood'])
      expect(drops['bad-mac1']! + drops['hello-flood']!).toBe(seen)
      // The most that MACs are computed for in a second, and what may come at once.
      expect(drops['bad-mac1']!).toBeLessThanOrEqual(2 * 10_000)
      for (const { tun } of [client, server]) {
        expect(inOrder(tun.received)).toEqual(inOrder(packets(500, { bytes: 100 })))
      }
      expect(statsOf(server).sessions).toHaveLength(1)
      expect([countOf(client, 'established'), closeReasons(server)]).toEqual([1, []])
      expect(server.pool.inUse).toBe(0)
    })
  })

  test('from strangers who know its key is answered with cookies at most, smaller than what came', async () => {
    await inWorld({ security: {} }, async (world) => {
      const { server } = world
      const { source, answers } = stranger(server)
      const hellos = strangersHellos(world, 200)
      const drops = await dropsOf(server, () => throwAt(server, hellos, source))
      // Those that X25519 was computed for, before it was too many; one token went to the client itself.
      expect(drops).toEqual({ 'unknown-peer': 200 - answers.length })
      expect(drops['unknown-peer']!).toBeLessThanOrEqual(50)
      for (const bytes of answers) {
        expect((bytes[0]! >> 2) & 15).toBe(FrameType.cookie)
        expect(bytes.length).toBeLessThan(HELLO_BYTES / 2)
      }
      expect(statsOf(server).sessions).toHaveLength(1)
    })
  })

  test('does not keep a client out: it shows that it receives at its address, and comes in', async () => {
    const world = new World({ security: {} })
    await world.startServer()
    const { server } = world
    const { source } = stranger(server)
    const hellos = strangersHellos(world, 60)
    throwAt(server, hellos, source)
    world.startClient()
    let tookMs = 0
    for (; !world.allHealthy() && tookMs < 10_000; tookMs += 10) {
      throwAt(server, hellos.slice(0, 10), source)
      await world.pass(10)
    }
    expect(tookMs).toBeLessThan(3000)
    expect(server.tap.sent.some(({ header }) => header.type === FrameType.cookie)).toBe(true)
    await world.close()
  })
})

test('frames for sessions there are not, of whatever length, are counted and not answered', async () => {
  await inWorld({ security: {} }, async (world) => {
    const { server } = world
    const { source, answers } = stranger(server)
    const random = seededRandom(3)
    const junk = Array.from({ length: 20_000 }, () => {
      const frame = Uint8Array.from({ length: 16 + Math.floor(random() * 100) }, () => random() * 256)
      frame[0] = 0x50
      return frame
    })
    for (let from = 0; from < junk.length; from += 1000)
      throwAt(server, junk.slice(from, from + 1000), source)
    expect(answers).toEqual([])
    expect(statsOf(server).drops).toEqual({ 'unknown-session': junk.length })
    expect(server.pool.inUse).toBe(0)
  })
})
