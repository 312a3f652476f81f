import { expect, test } from 'vitest'
import { Daemon, MULTIPATHD } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { answers } from './support/ping.ts'
import { PORT, createStage } from './support/stage.ts'

const { missing, text } = needs()

test.skipIf(missing)(`what init writes makes a tunnel as it is ${text}`, async () => {
  await using stage = await createStage()
  const { client, server, folder } = stage
  const paths = ['--path', 'dsl=10.77.1.1', '--path', 'lte@link2']
  const init = ['init', '--server-endpoint', `10.77.1.2:${PORT}`, ...paths, '--out', folder]
  await client.run(process.execPath, [MULTIPATHD, ...init])
  const [serverDaemon, clientDaemon] = ([server, client] as const).map((host) => {
    const file = `${folder}/${host.name}.json`
    const env = { RUNTIME_DIRECTORY: `${file}.run` }
    return new Daemon(host.spawn(process.execPath, [MULTIPATHD, '-config', file], { env }))
  }) as [Daemon, Daemon]
  await serverDaemon.says(/^server listens/)
  await clientDaemon.says(/^dsl: normal/)
  expect(await answers(client, '10.99.0.1')).toBe(true)
  expect(await answers(server, '10.99.0.2')).toBe(true)
  for (const daemon of [clientDaemon, serverDaemon]) {
    expect(daemon.count(/nothing is encrypted/)).toBe(0)
    expect(await daemon.end()).toMatchObject({ code: 0, stderr: '' })
  }
})
