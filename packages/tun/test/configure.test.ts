import { describe, expect, it } from 'vitest'
import { configure } from '../src/configure.ts'
import { runCommand } from '../src/run.ts'
import type { Step } from '../src/steps.ts'

const route = (network: string): Step => ({
  kind: 'route',
  what: network,
  command: ['add', network],
  undo: ['del', network],
})

/** A system where some commands fail, and what it was told. */
function system(failures: Readonly<Record<string, string>>): {
  told: string[]
  run: (command: readonly string[]) => Promise<string | undefined>
} {
  const told: string[] = []
  const run = async (command: readonly string[]): Promise<string | undefined> => {
    told.push(command.join(' '))
    return failures[command.join(' ')]
  }
  return { told, run }
}

/** A system that lost its program after the routes were added. */
const addsOnly = async ([verb]: readonly string[]): Promise<undefined> => {
  if (verb === 'del') throw new Error('`ip` was not found')
}

describe('running the steps', () => {
  it('takes away what it added, newest first, and once', async () => {
    const { told, run } = system({})
    const configured = await configure([route('a'), route('b')], run)
    await configured.undo()
    await configured.undo()
    expect(told).toEqual(['add a', 'add b', 'del b', 'del a'])
  })

  it('leaves a route alone that was there before, and names it', async () => {
    const { told, run } = system({ 'add a': 'RTNETLINK answers: File exists' })
    const configured = await configure([route('a'), route('b')], run)
    expect(configured.skippedRoutes).toEqual(['a'])
    await configured.undo()
    expect(told).toEqual(['add a', 'add b', 'del b'])
  })

  it('lets the device go even when its routes cannot be taken away', async () => {
    const configured = await configure([route('a')], addsOnly)
    await expect(configured.undo()).resolves.toBeUndefined()
  })

  it.each([
    ['route', 'Error: Nexthop has invalid gateway.', 'MP_TUN_ROUTE'],
    ['address', 'RTNETLINK answers: File exists', 'MP_TUN_ADDRESS'],
    ['link', 'Cannot find device', 'MP_TUN_FAILED'],
    ['address', 'RTNETLINK answers: Operation not permitted', 'MP_TUN_PERMISSION'],
  ] as const)('undoes all when a step of kind %s fails with "%s"', async (kind, failure, code) => {
    const { told, run } = system({ 'set x': failure })
    await expect(
      configure([route('a'), { kind, what: 'x', command: ['set', 'x'] }], run),
    ).rejects.toMatchObject({
      code,
      message: expect.stringContaining(failure) as string,
    })
    expect(told).toEqual(['add a', 'set x', 'del a'])
  })
})

describe('running a command', () => {
  it('passes arguments as they are, and says what a failure said', async () => {
    const script = 'process.stderr.write(process.argv[1]); process.exitCode = 1'
    expect(await runCommand([process.execPath, '-e', script, '$HOME; `a`'])).toBe('$HOME; `a`')
    expect(await runCommand([process.execPath, '-e', ''])).toBeUndefined()
  })

  it('says which program is missing', async () => {
    await expect(runCommand(['mp-no-such-program'])).rejects.toMatchObject({
      code: 'MP_TUN_FAILED',
      message: expect.stringContaining('`mp-no-such-program` is needed') as string,
    })
  })
})
