import { HELLO_BYTES, Initiator } from '@mp/secure-channel'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { inOrder, packets, stream } from './support/packets.ts'
import { indexOf, stranger, throwAt } from './support/raw.ts'
import { securityOf, seededCrypto } from './support/security.ts'
import { closeReasons, countOf, dropsOf, inWorld, statsOf } from './support/world.ts'
import type { World } from './support/world.ts'

const security = {}

const hellosOf = ({ client }: World): Uint8Array[] =>
  client.tap.sent.filter(({ header }) => header.type === FrameType.hello).map(({ bytes }) => bytes)

async function works(world: World): Promise<void> {
  for (const side of ['client', 'server'] as const) {
    expect(inOrder(await stream(world, side, { count: 30 }))).toEqual(inOrder(packets(30)))
  }
}

describe('a server that starts anew with the same keys', () => {
  test.each([
    ['without a word', 'kill'],
    ['and says so', 'close'],
  ] as const)('%s is found within 3 s after the client noticed', async (_how, how) => {
    await inWorld({ security }, async (world) => {
      if (how === 'kill') await world.kill('server')
      else await world.server.tunnel.close()
      await world.startServer()
      await world.until(() => countOf(world.client, 'stalled') === 1, 15_000)
      expect(await world.until(() => world.allHealthy(), 3000)).toBeLessThanOrEqual(3000)
      expect(countOf(world.client, 'established')).toBe(2)
      await works(world)
    })
  })

  test('answers an old greeting to nobody it does harm to: the client comes in all the same', async () => {
    await inWorld({ security }, async (world) => {
      const [old] = hellosOf(world)
      await world.kill('server')
      const server = await world.startServer()
      throwAt(server, [old!], stranger(server).source)
      expect(statsOf(server).sessions).toHaveLength(1)
      await world.until(() => world.allHealthy(), 15_000)
      expect(statsOf(server).sessions).toHaveLength(1)
      await works(world)
    })
  })
})

describe('a greeting that was recorded', () => {
  test('is answered alike while its sender may still wait, and not at all after that', async () => {
    await inWorld({ security }, async (world) => {
      const { server } = world
      const { source, answers } = stranger(server)
      const [old] = hellosOf(world)
      throwAt(server, [old!, old!], source)
      expect(answers.map((answer) => (answer[0]! >> 2) & 15)).toEqual([FrameType.welcome, FrameType.welcome])
      expect(statsOf(server).sessions).toHaveLength(1)
      await world.pass(25_000)
      expect(await dropsOf(server, () => throwAt(server, [old!, old!], source))).toEqual({
        'replayed-hello': 2,
      })
      expect(answers).toHaveLength(2)
      await works(world)
      expect(countOf(server, 'established')).toBe(1)
    })
  })
})

describe('a client that starts anew', () => {
  test('takes the place of its old session with its first frame, and not before', async () => {
    await inWorld({ security }, async (world) => {
      const { server } = world
      await world.kill('client')
      for (const index of [0, 1]) world.line(index).setBackward({ blackhole: true })
      world.startClient()
      await world.pass(100)
      // The greeting came, and as far as the server knows its client is where it was.
      expect(statsOf(server).sessions).toHaveLength(2)
      expect(closeReasons(server)).toEqual([])
      const before = statsOf(server).sessions[0]!.paths.map(({ txFrames }) => txFrames)
      server.tun.injectBatch(packets(10))
      const after = statsOf(server).sessions[0]!.paths.map(({ txFrames }) => txFrames)
      expect(after[0]! + after[1]! - before[0]! - before[1]!).toBe(10)
      world.restoreAll()
      await world.until(() => world.allHealthy(), 3000)
      expect(closeReasons(server)).toEqual(['client began anew'])
      await works(world)
    })
  })

  test('is there within half a second', async () => {
    await inWorld({ security }, async (world) => {
      await world.kill('client')
      world.startClient()
      expect(await world.until(() => world.allHealthy(), 500)).toBeLessThanOrEqual(500)
      await works(world)
    })
  })
})

test('a client that asks for new keys under another index gets another session, and the old one keeps its counters', async () => {
  await inWorld({ security }, async (world) => {
    const { server, runtime, keys } = world
    const wishes = { runtime, pool: server.pool, crypto: seededCrypto(9), staticKeys: keys.client }
    const initiator = new Initiator({ ...securityOf(wishes), responderKey: keys.server.publicKey })
    const wallMs = securityOf(wishes).wallMs() + 1000
    initiator.begin({ nowMs: runtime.nowMs(), wallMs, localIndex: 4711, remoteIndex: indexOf(server) })
    const hello = new Uint8Array(HELLO_BYTES)
    initiator.helloFor(0, hello)
    const { source, answers } = stranger(server)
    throwAt(server, [hello], source)
    expect(initiator.handleWelcome(answers[0]!)).toMatchObject({ kind: 'keys', keys: { fresh: true } })
    expect(statsOf(server).sessions).toHaveLength(2)
    await works(world)
    expect(statsOf(world.client).drops['forged']).toBeUndefined()
  })
})
