import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Namespace } from '@mp/netlab'
import { Daemon, spawnDaemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { TUN, clientConfig, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'
import { traces } from './support/traces.ts'

const { missing, text } = needs()

/** A route that was there before, and two that only the config names. */
const THEIRS = '10.201.0.0/16'
const OURS4 = '10.202.0.0/16'
const OURS6 = 'fd00:202::/32'
const { tun } = clientConfig(1)
const withRoutes = { tun: { ...tun, allowedIPs: [THEIRS, OURS4, OURS6] } }

const ip = (host: Namespace, ...args: string[]): Promise<string> => host.run('ip', args)

describe.skipIf(missing)(`the end of a daemon ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ lines: 1 })
  })
  afterEach(() => stage.dispose())

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s takes away what it made, and nothing else',
    async (signal) => {
      const { client, server } = stage
      await ip(client, 'route', 'add', THEIRS, 'via', '10.77.1.2')
      const before = [await traces(client), await traces(server)]
      const daemons = [await stage.startServer(), await stage.startClient(withRoutes)]
      expect(await ip(client, 'route', 'show', OURS4)).toContain(TUN)
      expect(await ip(client, '-6', 'route', 'show', OURS6)).toContain(TUN)
      expect(await ip(client, 'route', 'show', THEIRS)).not.toContain(TUN)
      for (const daemon of daemons) {
        expect(await daemon.end(signal)).toMatchObject({ code: 0, signal: null, stderr: '' })
      }
      expect([await traces(client), await traces(server)]).toEqual(before)
    },
  )

  test('comes at once with a second SIGTERM when the first one takes long', async () => {
    const slow = await slowIp(stage.folder)
    const env = { PATH: `${slow}:${process.env['PATH']}` }
    const config = { ...clientConfig(1), ...withRoutes }
    const daemon = new Daemon(await spawnDaemon(stage.client, join(stage.folder, 'c.json'), config, { env }))
    await daemon.says(/^client has/)
    const ended = daemon.end('SIGTERM')
    await daemon.says(/^session ended/)
    const sinceMs = Date.now()
    await daemon.end('SIGTERM')
    expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' })
    expect(Date.now() - sinceMs).toBeLessThan(2000)
    expect((await traces(stage.client)).devices).toEqual(['lo', 'link1'])
  })
})

/** A folder with an `ip` that takes its time to delete anything. */
async function slowIp(folder: string): Promise<string> {
  const file = join(folder, 'ip')
  await writeFile(file, '#!/bin/sh\nPATH=${PATH#*:}\n[ "$2" = del ] && sleep 10\nexec ip "$@"\n')
  await chmod(file, 0o755)
  return folder
}
