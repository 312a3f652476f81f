import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configFileOf } from '../../src/cli/load.ts'
import { startInBackground } from '../../src/cli/run/background.ts'
import { run } from './run.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-run-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const modeOf = (file: string): number => statSync(file).mode & 0o777

/** Installs a new config of a client as `home`, below the folder. */
async function installed(file = '/usr/bin/multipathd') {
  await run(['init', '--out', join(folder, 'keys'), '--server-endpoint', '192.0.2.7:5000', '--path', 'dsl'])
  const args = ['install', join(folder, 'keys/client.json'), '--name', 'home', '--root', join(folder, 'root')]
  return run(args, { file })
}

describe('install', () => {
  test('puts a config and its keys where only root reads them, and says how to start it', async () => {
    const { exit, out } = await installed()
    expect(exit).toBe(0)
    expect(out).toContain('sudo systemctl enable --now multipathd@home')
    const etc = join(folder, 'root/etc/multipathd')
    expect([etc, `${etc}/home.json`, `${etc}/client.key`].map(modeOf)).toEqual([0o700, 0o600, 0o600])
    const check = await run(['check', join(etc, 'home.json')])
    expect(check.exit).toBe(0)
  })

  test.each([
    ['/usr/bin/multipathd', 'ExecStart=/usr/bin/multipathd -config /etc/multipathd/%i.json'],
    ['/srv/mp/bin/multipathd.js', `ExecStart=${process.execPath} /srv/mp/bin/multipathd.js -config`],
  ])('its unit starts the program that is run as %s', async (file, line) => {
    await installed(file)
    expect(readFileSync(join(folder, 'root/etc/systemd/system/multipathd@.service'), 'utf8')).toContain(line)
  })

  test('leaves a config of that name alone', async () => {
    await installed()
    const again = await installed()
    expect(again).toMatchObject({
      exit: 73,
      err: expect.stringContaining('is there already: choose another --name'),
    })
  })

  test('overwrites no key of another config, and changes nothing then', async () => {
    await installed()
    const etc = join(folder, 'root/etc/multipathd')
    const key = readFileSync(join(etc, 'client.key'), 'utf8')
    await run(['init', '--out', join(folder, 'new'), '--server-endpoint', '192.0.2.8:5000', '--path', 'dsl'])
    const args = ['--name', 'work', '--root', join(folder, 'root')]
    expect(await run(['install', join(folder, 'new/client.json'), ...args])).toMatchObject({
      exit: 73,
      err: expect.stringContaining(
        `"${etc}/client.key" holds another key already: give "${folder}/new/client.key" another name, in its config too`,
      ),
    })
    expect(readFileSync(join(etc, 'client.key'), 'utf8')).toBe(key)
    expect(existsSync(join(etc, 'work.json'))).toBe(false)
    // One key may serve two configs.
    expect(await run(['install', join(folder, 'keys/client.json'), ...args])).toMatchObject({ exit: 0 })
  })

  test('refuses a config that is faulty', async () => {
    const bad = join(folder, 'bad.json')
    writeFileSync(bad, '{}')
    expect(await run(['install', bad, '--root', join(folder, 'other')])).toMatchObject({ exit: 78 })
  })
})

describe('a config', () => {
  test('may be the name of one in /etc, unless there is a file of that name', () => {
    expect(configFileOf('home')).toBe('/etc/multipathd/home.json')
    expect(configFileOf('./home.json')).toBe('./home.json')
    expect(configFileOf(folder)).toBe(folder)
  })

  test.each(['up', 'check', 'doctor', 'cleanup', 'down'])(
    'of a name is what %s looks for',
    async (command) => {
      const text = 'cannot read the config "/etc/multipathd/not-there.json": there is no such file'
      expect(await run([command, 'not-there'])).toMatchObject({ exit: 66, err: `multipathd: ${text}\n` })
    },
  )
})

describe('up', () => {
  test('starts the daemon with the config', async () => {
    const file = fileURLToPath(new URL('../config/faults.test.ts', import.meta.url))
    expect(await run(['up', file])).toMatchObject({ exit: 78 })
    await run(['init', '--out', folder, '--server-endpoint', '192.0.2.7:5000', '--path', 'dsl'])
    const { config } = await run(['up', join(folder, 'client.json')])
    expect(config?.client.remotePaths).toMatchObject([{ name: 'dsl' }])
  })

  test('in the background shows the last words of a daemon that ends', async () => {
    const logFile = join(folder, 'run/daemon.log')
    const options = {
      program: process.execPath,
      args: ['-e', 'console.log("port is taken"); process.exitCode = 69'],
      socketPath: join(folder, 'none.sock'),
      logFile,
    }
    await expect(startInBackground(options)).rejects.toMatchObject({
      exit: 69,
      message: `the daemon did not start. ${logFile} ends with:\n  port is taken`,
    })
    expect(modeOf(logFile)).toBe(0o600)
  })
})

describe('down', () => {
  test('says so when no daemon runs', async () => {
    const env = { RUNTIME_DIRECTORY: folder, XDG_RUNTIME_DIR: folder }
    const { exit, err } = await run(['--socket', join(folder, 'none.sock'), 'down'], { env })
    expect(exit).toBe(69)
    expect(err).toContain('no daemon has its control socket at')
  })
})
