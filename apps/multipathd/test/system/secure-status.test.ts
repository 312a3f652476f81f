import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Said } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

describe.skipIf(missing)(`a daemon that is asked by SIGUSR1 ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ secure: true })
  })
  afterEach(() => stage.dispose())

  test('says who is there, over which paths, under which cipher and why, and runs on', async () => {
    const server = await stage.startServer()
    const client = await stage.startClient()
    await stage.client.run('ping', ['-c', '3', '-i', '0.2', INSIDE.server[0]])
    for (const daemon of [server, client]) {
      process.kill(daemon.pid, 'SIGUSR1')
      await daemon.says(/^status of /)
    }
    expect(server.said().map(({ message }) => message)).toContain('status of client')
    expect(client.said().find(isStatus)?.message).toMatch(/^status of server [\w+/]{8}…$/)
    for (const daemon of [server, client]) {
      const { fields } = daemon.said().find(isStatus)!
      expect(fields).toMatchObject({ established: true, epoch: 0, drops: {} })
      expect(fields['cipher']).toMatch(
        /^(aes-256-gcm|chacha20-poly1305) \(native: agreed with the peer, as here .+; OpenSSL/,
      )
      const paths = fields['paths'] as string[]
      expect(paths).toHaveLength(2)
      for (const path of paths)
        expect(path).toMatch(
          /^path ?\d: active, normal, rtt \d+\.\d ms, mtu 1500, weight 1, udp \S+ to 10\.77\./,
        )
    }
    process.kill(client.pid, 'SIGUSR1')
    expect((await client.end()).code).toBe(0)
    await server.says(/^session ended: closed by client/)
    const sinceMs = Date.now()
    process.kill(server.pid, 'SIGUSR1')
    await server.says(/^status: 0 peers/, { sinceMs })
    expect(server.said().findLast(({ message }) => message.startsWith('status: '))?.fields).toMatchObject({
      absent: ['client'],
    })
  })
})

const isStatus = ({ message }: Said): boolean => message.startsWith('status of ')
