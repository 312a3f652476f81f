import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Daemon } from './support/daemon.ts'
import { iperf } from './support/iperf.ts'
import { newKeys } from './support/keys.ts'
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
      [INSIDE.server[0], true],
      [INSIDE.server[1], false],
    ])('carries a TCP stream to %s, reverse: %s', async (to, reverse) => {
      expect(await iperf(stage, { to, reverse, mbit: 20 })).toBeGreaterThan(15)
    })

    test('says which cipher it uses, what runs it, and why', () => {
      for (const daemon of [server, client]) {
        const [start] = daemon.said().filter(({ message }) => /^server listens|^client has/.test(message))
        expect(start?.fields['encryption']).toMatch(
          /^(aes-256-gcm|chacha20-poly1305) \(\w+: .*measured per packet: aes-256-gcm \d+ ns, chacha20-poly1305 \d+ ns\)$/,
        )
      }
    })
  },
)
