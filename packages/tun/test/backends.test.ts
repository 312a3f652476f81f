import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TunOptions } from '@mp/tun'
import { describe, expect, it } from 'vitest'

/** What a process of its own says of opening a device: there, modules are resolved as everywhere. */
function open(options: Omit<TunOptions, 'pool'>, env: NodeJS.ProcessEnv): unknown {
  const fixture = fileURLToPath(new URL('fixtures/open-tun.mjs', import.meta.url))
  const { stdout } = spawnSync(process.execPath, [fixture, JSON.stringify(options)], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return JSON.parse(stdout)
}

describe('choosing a backend', () => {
  it('names the reason of each when there is none, and what to install', () => {
    expect(open({}, { MP_NATIVE: 'off' })).toEqual({
      code: 'MP_TUN_NO_BACKEND',
      message: expect.stringMatching(
        /native: switched off by MP_NATIVE=off.*tuntap2: not installed.*npm install tuntap2/,
      ) as string,
    })
  })

  it.each([
    ['native', 'MP_NATIVE=off', 'tuntap2'],
    ['tuntap2', 'not installed', 'native:'],
  ] as const)('does not take another than %s when that is asked for', (backend, reason, other) => {
    const answer = open({ backend }, { MP_NATIVE: 'off' }) as { message: string }
    expect(answer.message).toContain(reason)
    expect(answer.message).not.toContain(other)
  })
})
