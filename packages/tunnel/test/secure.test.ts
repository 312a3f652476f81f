import type { CipherName } from '@mp/interface'
import { HELLO_BYTES } from '@mp/secure-channel'
import { FrameType } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { inOrder, packets, stream } from './support/packets.ts'
import { throwAt } from './support/raw.ts'
import { seededCrypto } from './support/security.ts'
import { countOf, inWorld, pathsOf, statsOf, World } from './support/world.ts'
import type { WorldOptions, WorldSecurity } from './support/world.ts'

const ciphers: CipherName[] = ['chacha20-poly1305', 'aes-256-gcm']

describe.each(ciphers)('a tunnel under %s', (cipher) => {
  const security = { cipher }

  test('comes up within half a second and carries packets of both families both ways, unchanged', async () => {
    await inWorld({ security }, async (world) => {
      const { client, server, runtime } = world
      expect(runtime.nowMs()).toBeLessThan(500)
      const there = [...packets(100), ...packets(100, { version: 6, from: 100 })]
      const back = packets(200, { from: 1000, bytes: 1400 })
      client.tun.injectBatch(there)
      server.tun.injectBatch(back)
      await world.pass(50)
      expect(inOrder(server.tun.received)).toEqual(inOrder(there))
      expect(inOrder(client.tun.received)).toEqual(inOrder(back))
      // Each hello is answered, whatever path it took; the first answer counts.
      expect(Object.keys(statsOf(client).drops)).toEqual(['late-welcome'])
      expect(statsOf(server).drops).toEqual({})
    })
  })

  test('joins packets that were cut', async () => {
    await inWorld({ security, wire: { maxFrameBytes: 1280 } }, async (world) => {
      for (const side of ['client', 'server'] as const) {
        const received = await stream(world, side, { count: 100, perMs: 5, bytes: 1400 })
        expect(inOrder(received)).toEqual(inOrder(packets(100, { bytes: 1400 })))
      }
    })
  })

  test('sends frames that are 32 bytes longer than what they carry, and show none of it', async () => {
    await inWorld({ security }, async (world) => {
      const sent = packets(50, { bytes: 600 })
      world.client.tun.injectBatch(sent)
      const frames = world.client.tap.sent.filter(({ header }) => header.type === FrameType.data)
      expect(frames.map(({ bytes }) => bytes.length)).toEqual(sent.map(() => 632))
      const seen = Buffer.concat(world.client.tap.sent.map(({ bytes }) => bytes)).toString('latin1')
      for (const [from, to] of [
        [0, 20],
        [20, 36],
      ]) {
        for (const bytes of sent) {
          expect(seen).not.toContain(Buffer.from(bytes.subarray(from, to)).toString('latin1'))
        }
      }
    })
  })
})

const psk = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

describe('what both sides must share', () => {
  const [stranger, other] = [seededCrypto(77).generateKeyPair(), seededCrypto(78).generateKeyPair()]
  const faults: [what: string, security: WorldSecurity, serverDrop: string][] = [
    ['the client knows another server', { client: { serverKey: stranger.publicKey } }, 'bad-mac1'],
    ['the server does not know the client', { peer: { publicKey: stranger.publicKey } }, 'unknown-peer'],
    ['no cipher is known to both', { server: { costs: costs(0, 1) } }, 'no-common-cipher'],
    [
      'the server has the public key of another private key',
      { client: { staticKeys: { ...other, publicKey: stranger.publicKey } } },
      'forged-hello',
    ],
  ]

  test.each(faults)(
    'or nothing comes up and nothing is answered: %s',
    async (_what, security, serverDrop) => {
      await whileNothingComesUp({ security }, async (world) => {
        const { client, server } = world
        const hellos = client.tap.sent.length
        expect(hellos).toBeGreaterThan(20)
        expect(server.tap.sent).toEqual([])
        expect(statsOf(server).drops).toEqual({ [serverDrop]: server.tap.received.length })
        expect(statsOf(server).sessions).toEqual([])
        expect(countOf(client, 'unanswered')).toBe(1)
      })
    },
  )

  // With IKpsk2 the responder mixes the key in when it answers, so only the initiator notices.
  const keyFaults: [what: string, security: WorldSecurity][] = [
    ['on one side only', { peer: { presharedKey: psk(1) } }],
    ['on the other side only', { client: { presharedKey: psk(1) } }],
    ['another one', { client: { presharedKey: psk(1) }, peer: { presharedKey: psk(2) } }],
  ]

  test.each(keyFaults)('a preshared key that is %s: no session begins', async (_what, security) => {
    await whileNothingComesUp({ security }, async (world) => {
      const { client, server } = world
      expect(statsOf(client).drops['forged-welcome']).toBeGreaterThan(10)
      expect(countOf(client, 'established')).toBe(0)
      expect(server.tap.sent.every(({ header }) => header.type === FrameType.welcome)).toBe(true)
      server.tun.injectBatch(packets(5))
      expect(statsOf(server).drops).toMatchObject({ 'no-session': 5 })
    })
  })

  test('the same preshared key on both sides is well', async () => {
    const security = { client: { presharedKey: psk(3) }, peer: { presharedKey: psk(3) } }
    await inWorld({ security }, async (world) => {
      expect(await stream(world, 'client', { count: 10 })).toHaveLength(10)
    })
  })

  test('a client without keys gets no answer from a server that has some, nor the other way round', async () => {
    const plain = new World({ seed: 1 })
    const secure = new World({ seed: 1, security: {} })
    await Promise.all([plain.startServer(), secure.startServer()])
    for (const world of [plain, secure]) world.startClient()
    await Promise.all([plain.pass(1000), secure.pass(1000)])
    const [fromPlain, fromSecure] = [plain, secure].map(({ client }) => client.tap.sent[0]!.bytes)
    expect([fromPlain!.length, fromSecure!.length]).toEqual([20, HELLO_BYTES])
    const { client: plainClient, server: plainServer } = plain
    const { server: secureServer } = secure
    for (const [server, hello, fault] of [
      [secureServer, fromPlain!, 'bad-length'],
      [plainServer, fromSecure!, 'bad-handshake'],
    ] as const) {
      const [answers, before] = [server.tap.sent.length, statsOf(server).drops[fault] ?? 0]
      throwAt(server, [hello])
      expect(server.tap.sent).toHaveLength(answers)
      expect(statsOf(server).drops[fault]).toBe(before + 1)
    }
    expect(countOf(plainClient, 'established')).toBe(1)
    await Promise.all([plain.close(), secure.close()])
  })
})

describe('inner addresses', () => {
  test('a client may send from its own only, and the server to them only', async () => {
    const security = { peer: { allowedIPs: ['10.1.0.1/32'] } }
    await inWorld({ security }, async (world) => {
      const { client, server } = world
      const foreign = packets(4, { src: '10.1.0.9' })
      client.tun.injectBatch([...packets(3), ...foreign, ...packets(2, { version: 6 })])
      await world.pass(50)
      expect(inOrder(server.tun.received)).toEqual(inOrder(packets(3)))
      expect(statsOf(server).drops).toEqual({ 'foreign-source': 6 })
      server.tun.injectBatch([...packets(3, { dst: '10.1.0.1' }), ...packets(7)])
      await world.pass(50)
      expect(client.tun.received).toHaveLength(3)
      expect(statsOf(server).drops).toEqual({ 'foreign-source': 6, 'no-peer': 7 })
    })
  })

  test('a client that is told so takes packets from the networks behind its server only', async () => {
    await inWorld({ security: {}, clientAllowedIPs: ['10.1.0.0/30'] }, async (world) => {
      const { client, server } = world
      server.tun.injectBatch([...packets(3), ...packets(4, { src: '10.1.0.9' })])
      await world.pass(50)
      expect(inOrder(client.tun.received)).toEqual(inOrder(packets(3)))
      expect(statsOf(client).drops).toMatchObject({ 'foreign-source': 4 })
    })
  })
})

test('counters stay, whatever the peer thinks: nothing of a session is left when it ends', async () => {
  await inWorld({ security: {} }, async (world) => {
    await stream(world, 'client', { count: 10 })
    await world.client.tunnel.close()
    await world.pass(50)
    expect(statsOf(world.server).sessions).toEqual([])
    expect(pathsOf(world.server)).toEqual([])
    world.server.tun.injectBatch(packets(5))
    expect(statsOf(world.server).drops).toMatchObject({ 'no-session': 5 })
  })
})

function costs(chacha: number, aes: number): Record<CipherName, number> {
  return { 'chacha20-poly1305': chacha, 'aes-256-gcm': aes }
}

/** Lets a client try for half a minute. */
async function whileNothingComesUp(
  options: WorldOptions,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const world = new World(options)
  try {
    await world.startServer()
    world.startClient()
    await world.pass(30_000)
    expect(pathsOf(world.client).filter(({ use }) => use === 'active')).toEqual([])
    await body(world)
    expect(world.server.tun.received).toEqual([])
  } finally {
    await world.close()
  }
}
