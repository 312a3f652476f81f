import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MULTIPATHD } from './support/daemon.ts'
import type { Daemon } from './support/daemon.ts'
import { needs } from './support/needs.ts'
import { createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

describe.skipIf(missing)(`the doctor ${text}`, () => {
  let stage: Stage
  let server: Daemon
  let client: Daemon
  beforeAll(async () => {
    stage = await createStage({ secure: true })
    server = await stage.startServer()
    client = await stage.startClient()
  })
  afterAll(() => stage.dispose())

  const examine = (...flags: readonly string[]) =>
    stage.client.exec(process.execPath, [MULTIPATHD, 'doctor', join(stage.folder, 'client.json'), ...flags])

  test('leaves the session of a daemon that runs alone, and has it say how its paths are', async () => {
    const { code, stdout } = await examine()
    expect(stdout).toMatch(/^ok +daemon +runs as process \d+: /m)
    expect(stdout).toMatch(/^ok +server by path1 +answers, RTT [\d.]+ ms$/m)
    expect(stdout).toMatch(/^ok +server by path2 +answers/m)
    expect(code).toBe(0)
    await client.end()
    for (const daemon of [client, server]) expect(daemon.count(/^tunnel established/)).toBe(1)
  })

  test('finds a server that answers on both paths, and how long that takes', async () => {
    const { code, stdout } = await examine()
    expect(stdout).toMatch(/^ok +server by path1 +answers, RTT [\d.]+ ms$/m)
    expect(stdout).toMatch(/^ok +server by path2 +answers/m)
    expect(stdout).toContain('It can work')
    expect(code).toBe(0)
  })

  test('says which path does not answer, and that the tunnel works without it', async () => {
    await stage.links[1]!.cut()
    const { code, stdout } = await examine('--json')
    const findings = JSON.parse(stdout) as { about: string; level: string; found: string }[]
    const of = (about: string) => findings.find((each) => each.about === about)
    expect(of('server by path1')).toMatchObject({ level: 'ok' })
    expect(of('server by path2')).toMatchObject({
      level: 'warning',
      found: expect.stringContaining('no answer from 10.77.2.2:5000 to 10.77.2.1:'),
    })
    expect(code).toBe(0)
  })

  test('finds it a fault when no path answers', async () => {
    await stage.links[0]!.cut()
    const { code, stdout } = await examine()
    expect(stdout).toContain('It will not work like this: 2 faults')
    expect(code).toBe(1)
    await Promise.all(stage.links.map((link) => link.restore()))
  })
})
