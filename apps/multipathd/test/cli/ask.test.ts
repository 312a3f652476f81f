import { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { main } from '../../src/cli/index.ts'
import { COMMANDS } from '../../src/control/index.ts'
import type { Snapshot } from '../../src/daemon/snapshot.ts'
import { client } from '../config/samples.ts'
import { testControl } from '../control/support.ts'
import type { TestControl } from '../control/support.ts'
import { peer, snapshot } from '../support/snapshots.ts'
import { waitFor } from '../support/wait-for.ts'
import { run } from './run.ts'

let control: TestControl
let seen: Snapshot
let folder: string
beforeEach(async () => {
  seen = snapshot()
  folder = mkdtempSync(join(tmpdir(), 'multipathd-ask-'))
  control = await testControl(COMMANDS, { snapshot: () => Promise.resolve(seen) })
  control.events.add({ type: 'closed', level: 'info', message: 'session ended: x', fields: { peer: 'home' } })
  control.events.add({ type: 'path-state', level: 'warn', message: 'lte: lost', fields: { peer: 'home' } })
})
afterEach(async () => {
  rmSync(folder, { recursive: true })
  await control[Symbol.asyncDispose]()
})

const ask = (...argv: readonly string[]) => run([...argv, '--socket', control.path])

/** Asks for what has no end: the daemon goes once `lines` lines were said. */
async function askUntil(lines: number, ...argv: readonly string[]) {
  let said = ''
  const onOutput = (chunk: string): void => void (said += chunk)
  const ended = run([...argv, '--socket', control.path], { onOutput })
  await waitFor(() => said.split('\n').length > lines)
  return { ended }
}

describe('a running daemon is asked', () => {
  test('for its status, as text or JSON', async () => {
    expect((await ask('status')).out).toMatch(
      /^mp0: client for 2 h 3 min, encrypted, adaptive\n\nserver .*\nPATH /,
    )
    expect(JSON.parse((await ask('status', '--json')).out)).toEqual(seen)
  })

  test('for one peer', async () => {
    seen = snapshot({ peers: [peer({ name: 'a' }), peer({ name: 'b' })], absentPeers: ['c'] })
    expect((await ask('status', '--peer', 'b')).out).not.toContain('a: for')
    expect((await ask('status', '--peer', 'c')).exit).toBe(0)
    expect((JSON.parse((await ask('status', '--peer', 'b', '--json')).out) as Snapshot).peers).toHaveLength(1)
    expect(await ask('status', '--peer', 'd')).toMatchObject({
      exit: 64,
      err: 'multipathd: there is no peer "d"; there are a, b, c\n',
    })
  })

  test('for its peers and for why', async () => {
    expect((await ask('peers')).out).toMatch(/^PEER .*\nserver /)
    expect(JSON.parse((await ask('peers', '--json')).out)).toEqual({ peers: seen.peers, absentPeers: [] })
    expect((await ask('explain')).out).toContain('Carries 80 % of what is sent')
    expect(JSON.parse((await ask('explain', '--json')).out)).toMatchObject({
      version: 1,
      peers: [{ paths: [{ share: 0.8 }, {}] }],
    })
  })

  test('for what happened', async () => {
    const lines = (await ask('events')).out.split('\n')
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {4}home {2}session ended: x$/)
    expect(lines[1]).toMatch(/ {2}! home {2}lte: lost$/)
    const { out } = await ask('events', '--json', '-n', '1')
    expect(JSON.parse(out)).toMatchObject({ number: 2, message: 'lte: lost' })
  })

  test('again and again, until it ends, which is told', async () => {
    const following = await askUntil(2, 'events', '--follow')
    const watching = await askUntil(2, 'status', '--watch', '0.2', '--json')
    await control.server.close()
    const { exit, out, err } = await watching.ended
    const looks = out.split('\n').slice(0, -1)
    for (const look of looks) expect(JSON.parse(look)).toEqual(seen)
    expect({ exit, err }).toEqual({
      exit: 69,
      err: 'multipathd: the daemon ends the connection: the daemon stops\n',
    })
    expect(await following.ended).toMatchObject({
      exit: 69,
      out: expect.stringMatching(/session ended: x\n.*lte: lost\n$/),
    })
  })

  test.each([
    ['status', '--watch', '0.1'],
    ['events', '-n', '-1'],
  ])('not with %s %s %s', async (...argv) => {
    expect(await ask(...argv)).toMatchObject({ exit: 64, err: expect.stringMatching(/Expected/) })
  })
})

describe('which daemon is meant', () => {
  test('is what the config says', async () => {
    const file = join(folder, 'client.json')
    writeFileSync(file, JSON.stringify({ ...client, control: { socket: control.path } }))
    expect((await run(['status', '-config', file])).out).toMatch(/^mp0: client/)
    writeFileSync(file, JSON.stringify({ ...client, control: { socket: 'none' } }))
    expect(await run(['status', '-config', file])).toMatchObject({
      exit: 69,
      err: expect.stringMatching(/no control socket: set/),
    })
  })

  test('is the only one there is, or has to be said', async () => {
    const env = { RUNTIME_DIRECTORY: join(control.path, '..') }
    const { out, err } = await run(['status'], { env })
    // Others may run on this machine.
    expect(out + err).toMatch(/^mp0: client|several daemons run here/)
    const other = join(control.path, '..', 'other.sock')
    // As a daemon that was killed leaves it.
    writeFileSync(other, '')
    expect(await run(['status'], { env })).toMatchObject({ out, err })
    rmSync(other)
    const server = createServer().listen(other)
    onTestFinished(() => void server.close())
    expect(await run(['status'], { env })).toMatchObject({
      exit: 64,
      err: expect.stringMatching(/several daemons run here.*mp0\.sock/),
    })
  })

  test('may not run', async () => {
    expect(await run(['status', '--socket', join(folder, 'x.sock')])).toMatchObject({
      exit: 69,
      err: expect.stringMatching(/no daemon has its control socket at/),
    })
  })
})

/** A person at a terminal who looks at `top`. */
function atTerminal() {
  const rawModes: boolean[] = []
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => rawModes.push(isRaw),
  })
  let text = ''
  const write = (chunk: string): void => {
    text += chunk
  }
  const stdout = Object.assign(new EventEmitter(), { isTTY: true, columns: 80, rows: 24, write })
  const ended = main(['top', '--socket', control.path], { stdin, stdout, stderr: { write }, env: {} })
  return { stdin, stdout, rawModes, ended, text: () => text }
}

describe('top', () => {
  test.each([['q'], ['\u0003'], ['\u001B']])(
    'takes the terminal, shows what is, and leaves it as it was at %j',
    async (key) => {
      const { stdin, stdout, rawModes, ended, text } = atTerminal()
      await waitFor(() => text().includes('dsl') && text().includes('lte: lost'))
      expect(text().startsWith('\u001B[?1049h\u001B[?25l')).toBe(true)
      stdin.write('x')
      stdin.write(key)
      expect(await ended).toBe(0)
      expect(text().endsWith('\u001B[?25h\u001B[?1049l')).toBe(true)
      expect(rawModes).toEqual([true, false])
      expect(stdout.listenerCount('resize')).toBe(0)
    },
  )

  test('is painted anew when the window changes', async () => {
    const { stdin, stdout, ended, text } = atTerminal()
    await waitFor(() => text().includes('dsl'))
    stdout.rows = 5
    const before = text().length
    stdout.emit('resize')
    expect(text().slice(before).split('\r\n')).toHaveLength(5)
    stdin.write('q')
    await ended
  })

  test('leaves the terminal as it was when the daemon goes, and says so', async () => {
    const { rawModes, ended, text } = atTerminal()
    await waitFor(() => text().includes('dsl'))
    await control.server.close()
    expect(await ended).toBe(69)
    expect(text()).toMatch(/\[\?1049lmultipathd: the daemon ends the connection: the daemon stops\n$/)
    expect(rawModes).toEqual([true, false])
  })

  test('is a table each second where no terminal is', async () => {
    const { ended } = await askUntil(1, 'top')
    await control.server.close()
    expect((await ended).out).toMatch(/^mp0: client/)
  })
})
