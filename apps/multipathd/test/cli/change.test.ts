import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.ts'
import { ExitError } from '../../src/cli/explain.ts'
import type { Config } from '../../src/config/index.ts'
import { COMMANDS } from '../../src/control/index.ts'
import type { Reread } from '../../src/daemon/reload-file.ts'
import { testLiving } from '../control/living.ts'
import { testControl } from '../control/support.ts'
import type { TestControl } from '../control/support.ts'
import { path, peer, snapshot } from '../support/snapshots.ts'
import { run } from './run.ts'

const peers = [peer({ name: 'server', paths: [path({ weight: 3 }), path({ name: 'lte' })] })]

let control: TestControl
/** What the file of the daemon holds, which started with `config`. */
let read: (config: Config) => ReturnType<Reread>
beforeEach(async () => {
  const monitor = { snapshot: () => Promise.resolve(snapshot({ peers })) }
  read = (config) => ({ config: { ...config, tcp: true } })
  const living = testLiving((config) => read(config))
  control = await testControl(COMMANDS, monitor, living)
})
afterEach(() => control[Symbol.asyncDispose]())

const ask = (...argv: readonly string[]) => run([...argv, '--socket', control.path])

describe('a running daemon is changed', () => {
  test('by its file, and says what was applied and what needs a restart', async () => {
    await ask('paths', 'add', 'lte', 'remoteAddr=192.0.2.7:5001')
    expect(await ask('reload')).toMatchObject({
      exit: 1,
      out:
        'applied:\n  client.remotePaths: removed lte\n' +
        'needs a restart:\n  tcp: cannot change while the daemon runs, as all links are made of it: restart it\n',
    })
    read = (config) => ({ config })
    expect(await ask('reload')).toMatchObject({ exit: 0, out: 'nothing changed\n' })
  })

  test('not by a file that is faulty, or cannot be read, and what is wrong is in the exit code too', async () => {
    read = () => ({ faults: [{ path: 'tun.mtu', message: 'is too large' }] })
    expect(await ask('reload')).toMatchObject({
      exit: 78,
      err: 'multipathd: the config is faulty, all stays as it is: tun.mtu: is too large\n',
    })
    read = () => {
      throw new ExitError(EXIT.noInput, 'there is no such file')
    }
    expect(await ask('reload')).toMatchObject({ exit: 66, err: 'multipathd: there is no such file\n' })
    read = () => {
      throw new Error('the system refuses')
    }
    expect(await ask('reload')).toMatchObject({ exit: 69, err: 'multipathd: the system refuses\n' })
  })

  test('by a path that comes, is used in another way, and goes', async () => {
    const added = await ask('paths', 'add', 'lte', 'remoteAddr=192.0.2.7:5001', 'weight=2', 'role=backup')
    expect(added.out).toBe('applied:\n  client.remotePaths: added lte\n')
    const set = ['paths', 'set', 'lte', 'quota={"bytes":"20 GB"}', 'role=null']
    expect((await ask(...set)).out).toBe('applied:\n  client.remotePaths: changed lte\n')
    expect((await ask(...set)).out).toBe('nothing changed\n')
    expect((await ask('paths', 'remove', 'lte')).out).toBe('applied:\n  client.remotePaths: removed lte\n')
  })

  test('not into what the config does not allow', async () => {
    expect(await ask('paths', 'set', 'path1', 'weight=heavy')).toMatchObject({
      exit: 64,
      err: expect.stringMatching(/weight: expected a whole number from 0 to 65535, found "heavy"/),
    })
    expect(await ask('paths', 'remove', 'path1')).toMatchObject({
      exit: 69,
      err: expect.stringMatching(/"path1" is the last path/),
    })
  })

  test.each([['weight'], ['=2'], ['--weight']])('not by %s', async (setting) => {
    expect(await ask('paths', 'set', 'path1', setting)).toMatchObject({ exit: 64 })
  })
})

describe('the paths of a running daemon', () => {
  test('are listed with where they lead, also when nothing is said', async () => {
    const { out } = await ask('paths')
    expect(out).toMatch(
      /^server\nPATH +STATE +WEIGHT +OVER +FROM +TO\ndsl +normal +3 +udp .*198\.51\.100\.7:5000\nlte /,
    )
    expect((await ask('paths', 'list')).out).toBe(out)
  })

  test('are listed as JSON', async () => {
    const { out } = await ask('paths', 'list', '--json')
    expect(JSON.parse(out)).toMatchObject([{ name: 'server', paths: [{ name: 'dsl' }, { name: 'lte' }] }])
  })
})
