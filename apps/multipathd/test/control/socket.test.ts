import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ControlContext } from '../../src/control/command.ts'
import { ControlClient, defaultSocketPath, findSockets, openControl } from '../../src/control/index.ts'
import { testControl } from './support.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-socket-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const service = { context: {} as ControlContext, commands: [], onFault: () => {} }

describe('the control socket', () => {
  test('is for its owner alone, and gone afterwards', async () => {
    const path = join(folder, 'deep', 'mp0.sock')
    const server = await openControl(path, service)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  test('takes the place of one whose daemon was killed', async () => {
    const path = join(folder, 'mp0.sock')
    // Killed, so that nothing is tidied up.
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', script])
    expect(statSync(path).isSocket()).toBe(true)
    const server = await openControl(path, service)
    const client = await ControlClient.connect(path)
    client.close()
    await server.close()
  })

  test('does not take the place of one whose daemon lives', async () => {
    const path = join(folder, 'mp0.sock')
    const other = createServer().listen(path)
    await expect(openControl(path, service)).rejects.toThrow(
      `another multipathd answers at "${path}": stop it, or name another "control.socket"`,
    )
    expect(existsSync(path)).toBe(true)
    other.close()
  })

  test('does not take the place of what is no socket', async () => {
    const path = join(folder, 'mp0.sock')
    writeFileSync(path, 'dear diary')
    await expect(openControl(path, service)).rejects.toThrow(`"${path}" is no socket: remove it`)
  })

  test('says that its path is too long', async () => {
    await expect(openControl(join(folder, 'x'.repeat(100)), service)).rejects.toThrow('has at most 107 bytes')
  })
})

describe('where sockets are', () => {
  const isRoot = process.geteuid?.() === 0

  test('a service of systemd has its own folder', () => {
    expect(defaultSocketPath('mp0', { RUNTIME_DIRECTORY: '/run/a:/run/b' })).toBe('/run/a/mp0.sock')
  })

  test('else root has one in /run, and others in that of their login, if there is one', () => {
    const usual = isRoot ? '/run/multipathd/mp0.sock' : '/run/user/7/multipathd/mp0.sock'
    expect(defaultSocketPath('mp0', { XDG_RUNTIME_DIR: '/run/user/7' })).toBe(usual)
    expect(defaultSocketPath('mp0', {})).toBe(isRoot ? usual : undefined)
  })

  test('all that are there are found', () => {
    for (const name of ['a.sock', 'b.sock', 'c.txt']) writeFileSync(join(folder, name), '')
    expect(findSockets({ RUNTIME_DIRECTORY: folder })).toEqual(
      expect.arrayContaining([join(folder, 'a.sock'), join(folder, 'b.sock')]),
    )
    expect(findSockets({ RUNTIME_DIRECTORY: folder })).not.toContain(join(folder, 'c.txt'))
  })
})

describe('a client of it', () => {
  test('asks, follows, and is told of refusals', async () => {
    await using control = await testControl()
    const client = await ControlClient.connect(control.path)
    expect(await client.request('echo', { text: 'hi' })).toBe('hi')
    await expect(client.request('refuse')).rejects.toThrow('not today')
    const items = client.subscribe('drip')
    const first = items.next()
    while (control.drips.size === 0) await client.request('echo', { text: '' })
    const [sink] = control.drips
    sink!.send(1)
    sink!.send(2)
    sink!.end('dry')
    expect([await first, await items.next(), await items.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
    ])
    client.close()
  })

  test('is told when the daemon goes', async () => {
    await using control = await testControl()
    const client = await ControlClient.connect(control.path)
    const next = client.subscribe('drip').next()
    await client.request('echo', { text: '' })
    const [ended] = await Promise.allSettled([next, control.server.close()])
    expect(ended).toMatchObject({
      status: 'rejected',
      reason: { message: 'the daemon ends the connection: the daemon stops' },
    })
    await expect(client.request('echo', { text: '' })).rejects.toThrow('the daemon stops')
  })

  test('does not wait for ever for a daemon that hangs', async () => {
    const path = join(folder, 'mp0.sock')
    const mute = createServer().listen(path)
    const client = await ControlClient.connect(path)
    await expect(client.request('status', {}, 50)).rejects.toMatchObject({
      exit: 69,
      message: expect.stringContaining('the daemon does not answer for 0.05 s: it hangs, or was stopped'),
    })
    client.close()
    mute.close()
  })

  test('is told when no daemon is there', async () => {
    await expect(ControlClient.connect(join(folder, 'x.sock'))).rejects.toThrow(
      /^no daemon has its control socket at .*: start it, or name another with --socket$/,
    )
  })
})
