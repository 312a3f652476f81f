import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Snapshot } from '../../src/daemon/snapshot.ts'
import { MULTIPATHD } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

describe.skipIf(missing)(`a daemon under way ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ secure: true })
  })
  afterEach(() => stage.dispose())

  const ask = async (side: 'client' | 'server', ...argv: readonly string[]): Promise<string> => {
    const command = [MULTIPATHD, ...argv, '--socket', `${stage.folder}/${side}.sock`]
    const { code, stdout, stderr } = await stage[side].exec(process.execPath, command)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }

  test('says what its paths do, and sees within two seconds that one is cut', async () => {
    await stage.startServer()
    await stage.startClient()
    stage.client.spawn('ping', ['-i', '0.02', '-s', '1000', INSIDE.server[0]])
    const watching = stage.client.spawn(process.execPath, [
      MULTIPATHD,
      'status',
      '--watch',
      '0.2',
      '--json',
      '--socket',
      `${stage.folder}/client.sock`,
    ])
    expect(await ask('client', 'status')).toMatch(
      /^mptest: client .*\n\nserver .*\nPATH .*\npath1 {2}normal .*\npath2 {2}normal /,
    )
    expect(await ask('server', 'peers')).toMatch(/^PEER .*\nclient .* 2 of 2 /)
    expect(await ask('client', 'explain')).toContain('2 of 2 paths may carry data')

    const cutMs = Date.now()
    await stage.links[1]!.cut()
    const snapshots = (): Snapshot[] =>
      watching
        .output()
        .stdout.split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Snapshot)
    const seen = (): Snapshot | undefined =>
      snapshots().find(({ takenAt, peers }) => Date.parse(takenAt) > cutMs && !peers[0]!.paths[1]!.isUsed)
    for (let tries = 0; tries < 400 && seen() === undefined; tries++) await sleep(20)
    expect(Date.parse(seen()!.takenAt) - cutMs).toBeLessThan(2000)
    expect(seen()!.peers[0]!.paths[0]!.isUsed).toBe(true)
    expect(await ask('client', 'explain')).toMatch(/path2\n {4}[ !] Not used/)
    for (let tries = 0; tries < 20 && !(await ask('client', 'events')).includes('path2: lost'); tries++)
      await sleep(200)
    expect(await ask('client', 'events')).toMatch(/! server .* path2: (unstable|lost)/)
    await watching.kill('SIGINT')
  })

  test('is watched in a terminal, which is left as it was', async () => {
    await stage.startServer()
    await stage.startClient()
    const command = `${process.execPath} ${MULTIPATHD} top --socket ${stage.folder}/client.sock; stty -a`
    // Somebody looks for three seconds and presses q; `script` is the terminal.
    const stdout = await stage.client.run('sh', [
      '-c',
      '(sleep 3; printf q) | script -qec "$0" /dev/null',
      command,
    ])
    expect(stdout).toMatch(/path2.*normal/)
    expect(stdout).toContain('\u001B[?25h\u001B[?1049l')
    expect(stdout).toMatch(/ icanon /)
    expect(stdout).toMatch(/ echo /)
  })
})
