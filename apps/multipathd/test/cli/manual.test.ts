import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allCommands, treeOf } from '../../src/cli/manual/command-tree.ts'
import { fishCompletion } from '../../src/cli/manual/fish.ts'
import { manPage } from '../../src/cli/manual/man-page.ts'
import { zshCompletion } from '../../src/cli/manual/zsh.ts'
import { createProgram } from '../../src/cli/program.ts'
import { run } from './run.ts'

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-manual-'))
  writeFileSync(join(folder, 'client.json'), '{}')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Every command there is, but the program itself. */
function places(): string[] {
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} }
  const tree = treeOf(createProgram(io, {} as never, { exit: 0, help: '' }))
  return allCommands(tree)
    .slice(1)
    .map(({ place }) => place)
}

/** A program with a command below a command, quotes and colons. */
function nested(): Command {
  const program = new Command('mp').description("Joins 'lines'.").option('-c, --config <file>', 'the: config')
  const paths = program.command('paths').description('all paths')
  paths.command('add <name>').description('one more').option('--device <name>', "its interface: 'eth0'")
  return program
}

/** What bash would offer for the last of `words`. */
function completed(script: string, ...words: readonly string[]): string[] {
  const body = `${script}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _multipathd 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`
  const options = { cwd: folder, encoding: 'utf8' } as const
  const { stdout } = spawnSync('bash', ['-c', body, 'bash', 'multipathd', ...words], options)
  return stdout.split('\n').filter((line) => line !== '')
}

describe.skipIf(!isThere('bash'))('completion in bash [needs bash]', () => {
  let script: string
  beforeAll(async () => {
    script = (await run(['completion', 'bash'])).out
  })

  test.each([
    [[''], ['status', 'top', 'check', '--config']],
    [['stat'], ['status']],
    [
      ['status', '--'],
      ['--json', '--watch', '--peer', '--socket', '--help'],
    ],
    [
      ['--log-level', ''],
      ['info', 'warn', 'error'],
    ],
    [['status', '--log-format', 'j'], ['json']],
    [['check', ''], ['client.json']],
    [['-c', 'cl'], ['client.json']],
    [['status', '--socket', 'cl'], ['client.json']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
  ])('offers behind %j what fits', (words, expected) => {
    expect(completed(script, ...words)).toEqual(expect.arrayContaining(expected))
  })

  test('offers nothing that does not fit', () => {
    expect(completed(script, 'status', '--js')).toEqual(['--json'])
    expect(completed(script, 'status', 'sta')).toEqual([])
    expect(completed(script, 'events', '--limit', '')).toEqual([])
  })
})

describe('completion', () => {
  test.each(['zsh', 'fish'])('in %s knows every command', async (shell) => {
    const { out } = await run(['completion', shell])
    for (const place of places())
      expect(out).toContain(`place='${place}'`.replace(/^place='/, shell === 'zsh' ? "place='" : "place '"))
  })

  test('goes into commands below commands, and minds quotes and colons', () => {
    const tree = treeOf(nested())
    const zsh = zshCompletion(tree)
    expect(zsh).toContain(`'paths:add') place='paths add' ;;`)
    expect(zsh).toContain(String.raw`'--device:its interface\: '\''eth0'\'''`)
    expect(fishCompletion(tree)).toContain(
      String.raw`complete -c mp -n '__mp_is_at "paths add"' -l device -d 'its interface: \'eth0\'' -r`,
    )
  })

  test.skipIf(!isThere('zsh'))('can be read by zsh [needs zsh]', async () => {
    const { out } = await run(['completion', 'zsh'])
    expect(spawnSync('zsh', ['-n'], { input: out, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  test.skipIf(!isThere('fish'))('completes in fish [needs fish]', async () => {
    const { out } = await run(['completion', 'fish'])
    const file = join(folder, 'completion.fish')
    writeFileSync(file, out)
    const ask = (line: string): string =>
      spawnSync('fish', ['-c', `source ${file}; complete -C "${line}"`], { cwd: folder, encoding: 'utf8' })
        .stdout
    expect(ask('multipathd st')).toMatch(/^status\tshow how/)
    expect(ask('multipathd status --js')).toMatch(/^--json\t/)
    expect(ask('multipathd completion ')).toMatch(/^bash/)
    expect(ask('multipathd --log-level w')).toMatch(/^warn/)
    expect(ask('multipathd check cl')).toMatch(/^client\.json/)
  })

  test('of no other shell', async () => {
    expect(await run(['completion', 'tcsh'])).toMatchObject({
      exit: 64,
      err: expect.stringMatching(/bash, zsh, fish/),
    })
  })
})

describe('the manual page', () => {
  test('names every command, option and exit code', async () => {
    const { out } = await run(['man'])
    expect(out).toMatch(/^\.TH MULTIPATHD 8 /)
    for (const place of places()) expect(out).toContain(`.SS ${place.replaceAll('-', String.raw`\-`)}`)
    expect(out).toContain(String.raw`\fB\-\-watch\fR [\fIseconds\fR]`)
    expect(out).toContain('.B 78')
  })

  test('takes no text for a request', () => {
    const program = new Command('mp').description(".SH gone\n'also \\ gone")
    const page = manPage(treeOf(program), { version: '1', examples: [] })
    expect(page).toContain(String.raw`\&.SH gone` + '\n' + String.raw`\&'also \e gone`)
  })

  test.skipIf(!isThere('groff'))('is without fault to groff [needs groff]', async () => {
    const { out } = await run(['man'])
    const argv = ['-man', '-Tascii', '-ww', '-P-cbou']
    const { stdout, stderr } = spawnSync('groff', argv, { input: out, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toContain('multipathd - joins several internet lines into one IP link')
    expect(stdout).toMatch(/--watch \[seconds\]/)
  })
})
