import { describe, expect, test } from 'vitest'
import type { ControlContext, Query } from '../../src/control/command.ts'
import { addPath, reload, removePath, setPath } from '../../src/control/commands/reload.ts'
import { testLiving } from './living.ts'

/** Asks a daemon whose file holds the config it started with. */
function daemon(): (command: Query, params?: object) => Promise<unknown> {
  const context = { living: testLiving() } as ControlContext
  return async (command, params = {}) => command.run(context, params)
}

describe('commands that change a daemon', () => {
  test('say what was applied, until a reload takes it back', async () => {
    const ask = daemon()
    const path = { name: 'lte', remoteAddr: '192.0.2.7:5001' }
    expect(await ask(addPath, { path })).toEqual({
      applied: ['client.remotePaths: added lte'],
      needsRestart: [],
    })
    expect(await ask(setPath, { name: 'lte', settings: { role: 'backup' } })).toMatchObject({
      applied: ['client.remotePaths: changed lte'],
    })
    expect(await ask(removePath, { name: 'path1' })).toMatchObject({
      applied: ['client.remotePaths: removed path1'],
    })
    expect(await ask(reload)).toMatchObject({
      applied: ['client.remotePaths: added path1', 'client.remotePaths: removed lte'],
    })
  })

  test('are refused in the words of the config', async () => {
    const ask = daemon()
    await expect(ask(setPath, { name: 'path1', settings: { weight: 'x' } })).rejects.toMatchObject({
      code: 'bad-params',
      message: expect.stringMatching(/weight: expected a whole number/),
    })
    await expect(ask(setPath, { name: 'lte', settings: {} })).rejects.toMatchObject({ code: 'bad-params' })
    await expect(ask(removePath, { name: 'path1' })).rejects.toMatchObject({ code: 'refused' })
    await expect(ask(removePath, {})).rejects.toMatchObject({ code: 'bad-params' })
  })
})
