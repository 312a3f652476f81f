import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LabLink } from '@mp/netlab'
import { statsOf } from './support/daemon.ts'
import type { Daemon } from './support/daemon.ts'
import { iperf } from './support/iperf.ts'
import { clientSecurity, newKeys } from './support/keys.ts'
import type { PairKeys } from './support/keys.ts'
import { needs } from './support/needs.ts'
import { answers } from './support/ping.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs('iperf3')

describe.skipIf(missing).each([{ tcp: false }, { tcp: true }])(
  `an encrypted tunnel with tcp: $tcp ${text}`,
  ({ tcp }) => {
    let stage: Stage
    let server: Daemon
    let client: Daemon
    beforeAll(async () => {
      stage = await createStage({ secure: true, config: { tcp } })
      server = await stage.startServer()
      client = await stage.startClient()
    })
    afterAll(() => stage.dispose())

    test('carries pings of both families in both directions', async () => {
      for (const address of INSIDE.server) expect(await answers(stage.client, address)).toBe(true)
      for (const address of INSIDE.client) expect(await answers(stage.server, address)).toBe(true)
    })

    test.each([
      [INSIDE.server[0], false],
      [INSIDE.server[1], true],
    ])('carries a TCP stream to %s, reverse: %s', async (to, reverse) => {
      expect(await iperf(stage, { to, reverse, mbit: 20 })).toBeGreaterThan(15)
    })

    test('says which cipher it uses, what runs it, and why', () => {
      for (const daemon of [server, client]) {
        const start = daemon.said().find(({ message }) => /^server listens|^client has/.test(message))
        expect(start?.fields['encryption']).toMatch(
          /^(aes-256-gcm|chacha20-poly1305) \(\w+: .*measured per packet: aes-256-gcm \d+ ns, chacha20-poly1305 \d+ ns\)$/,
        )
      }
    })
  },
)

/** Long enough for the client to complain once, and to do so again if it did. */
const SECOND_COMPLAINT_MS = 2000

/** What a client with wrong keys says of security, and why the server drops its hellos. */
const WRONG: readonly [string, (right: PairKeys) => object, string][] = [
  [
    'a key of its own that the server does not know',
    ({ server }) => clientSecurity({ client: newKeys(), server }),
    'unknown-peer',
  ],
  [
    "a server's key that is not this server's",
    ({ client }) => clientSecurity({ client, server: newKeys() }),
    'bad-mac1',
  ],
]

describe.skipIf(missing).concurrent(`a client ${text}`, () => {
  test.for(WRONG)('with %s gets nowhere, and not one packet back', async ([, security, drop]) => {
    await using stage = await createStage({ secure: true, lines: 1 })
    const [line] = stage.links as [LabLink]
    const server = await stage.startServer()
    const before = (await line.counters()).b
    const client = await stage.startClient({ security: security(stage.keys!) }, { ready: false })
    await client.says(/^the server does not answer on any path.*keys/)
    expect(await answers(stage.client, INSIDE.server[0])).toBe(false)
    await sleep(SECOND_COMPLAINT_MS)
    expect(client.count(/^the server does not answer/)).toBe(1)
    expect([client.count(/established/), server.count(/established/)]).toEqual([0, 0])
    const after = (await line.counters()).b
    expect(after.txPackets).toBe(before.txPackets)
    await server.end()
    expect(after.rxPackets - before.rxPackets).toBe(statsOf(server).drops[drop])
  })

  test('with another preshared key gets nowhere', async () => {
    await using stage = await createStage({ secure: true, lines: 1 })
    await stage.startServer()
    const security = { ...clientSecurity(stage.keys!), presharedKey: newKeys().privateKey }
    const client = await stage.startClient({ security }, { ready: false })
    await client.says(/^the server does not answer on any path.*keys/)
    expect(await answers(stage.client, INSIDE.server[0])).toBe(false)
    expect(client.count(/established/)).toBe(0)
  })
})
