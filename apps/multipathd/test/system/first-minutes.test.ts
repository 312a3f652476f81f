import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLab } from '@mp/netlab'
import type { Lab, Namespace } from '@mp/netlab'
import { expect, test } from 'vitest'
import { needs } from './support/needs.ts'

const { missing, text } = needs()

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const LIMIT_MS = 5 * 60_000

/** The commands of the README's set-up, block by block, as they stand there. */
async function commandsOfReadme(): Promise<readonly string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const [, section = ''] = /\n## Set it up in two minutes\n(.*?)\n### /s.exec(readme) ?? []
  return [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block!)
}

const route = (host: Namespace, via: string, metric: string) =>
  host.run('ip', ['route', 'add', 'default', 'via', via, 'metric', metric])

/** A home with two lines and routers of two providers, and a server somewhere, with the addresses of the README. */
async function network(lab: Lab): Promise<{ readonly client: Namespace; readonly server: Namespace }> {
  const [client, provider, server] = [
    await lab.namespace('client'),
    await lab.namespace('provider'),
    await lab.namespace('server'),
  ]
  await lab.link(client, provider, { aAddress: '192.168.1.10/24', bAddress: '192.168.1.1/24', name: 'dsl' })
  await lab.link(client, provider, { aAddress: '192.168.8.10/24', bAddress: '192.168.8.1/24', name: 'lte' })
  await lab.link(server, provider, { aAddress: '198.51.100.7/24', bAddress: '198.51.100.1/24' })
  await provider.setSysctl('net/ipv4/ip_forward', '1')
  await route(client, '192.168.1.1', '100')
  await route(client, '192.168.8.1', '200')
  await route(server, '198.51.100.1', '100')
  return { client, server }
}

test.skipIf(missing)(
  `the commands of the README make a tunnel in under five minutes ${text}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'multipathd-first-'))
    const lab = await createLab()
    try {
      const { client, server } = await network(lab)
      await symlink(join(ROOT, 'apps'), join(folder, 'apps'))
      const [init = '', onServer = '', onClient = ''] = await commandsOfReadme()
      const [alias = ''] = init.split('\n')
      /** Two machines, as far as files of running programs go. */
      const type = (host: Namespace, commands: string) =>
        host.exec('bash', ['-O', 'expand_aliases', '-e', '-c', `cd ${folder}\n${alias}\n${commands}`], {
          env: { RUNTIME_DIRECTORY: join(folder, host.name) },
          timeoutMs: 60_000,
        })
      expect(await type(client, init)).toMatchObject({ code: 0, stderr: '' })
      expect(await type(server, onServer)).toMatchObject({ code: 0 })
      const { code, stdout, stderr } = await type(client, onClient)
      expect(`${stdout}${stderr}`).toContain('3 packets transmitted, 3 received, 0% packet loss')
      expect(stdout).toMatch(/^ok +server by dsl +answers/m)
      expect(stdout).toMatch(/^ok +server by lte +answers/m)
      expect(code).toBe(0)
      for (const host of [client, server]) {
        expect(await type(host, 'multipathd down')).toMatchObject({
          code: 0,
          stdout: expect.stringMatching(/ is down\n$/),
        })
        expect((await host.run('ip', ['rule'])).match(/proto 109/g)).toBeNull()
        expect(await host.run('ip', ['link'])).not.toContain('multipath-veth0')
      }
    } finally {
      await lab.dispose()
      await rm(folder, { recursive: true, force: true })
    }
  },
  LIMIT_MS,
)
