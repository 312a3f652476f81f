import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { client, server } from '../config/samples.ts'

const bin = new URL('../../bin/', import.meta.url).pathname
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-bin-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 10_000 })
}

describe('the built program', () => {
  test('checks a config', () => {
    const file = join(folder, 'c.json')
    writeFileSync(file, JSON.stringify(client))
    expect(run(`${bin}multipathd.js`, 'check', file)).toMatchObject({
      status: 0,
      stdout: `${file} is right: a config for a client\n`,
    })
  })

  test.each([
    ['multipathd-client.js', server, 'the file says true, the command line says client'],
    [
      'multipathd-server.js',
      { ...client, isServer: false },
      'the file says false, the command line says server',
    ],
  ])('%s stands for the command of that name', (program, config, text) => {
    const file = join(folder, 'c.json')
    writeFileSync(file, JSON.stringify(config))
    const { status, stderr } = run(`${bin}${program}`, '-config', file)
    expect(status).toBe(78)
    expect(stderr).toContain(text)
  })

  test('says what to do in a checkout that is not built', () => {
    cpSync(bin, join(folder, 'bin'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    expect(run(join(folder, 'bin/multipathd.js'), '--version')).toMatchObject({
      status: 70,
      stderr: 'multipathd: this checkout is not built yet. Run `npm start`, or `pnpm build`, first.\n',
    })
  })
})
