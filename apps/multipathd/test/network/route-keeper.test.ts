import { describe, expect, test } from 'vitest'
import { NetworkChanges } from '../../src/network/changes.ts'
import { RouteKeeper } from '../../src/network/route-keeper.ts'
import { FakeHost } from './support.ts'

const FULL = { fullTunnel: { device: 'mp0', families: [4] as const } }

/** Keeps routes of a host whose disk has room for notes, or not, and which obeys, or refuses what matches. */
function keeper({ isFull = false, refuses = /(?!)/ }: { isFull?: boolean; refuses?: RegExp } = {}) {
  const said: string[] = []
  const refused: string[] = []
  const noted: unknown[] = []
  const disk = { isFull }
  const host = new (class extends FakeHost {
    override async run(program: 'ip' | 'nft', args: readonly string[], input = '') {
      const done = await super.run(program, args, input)
      const fault = input.split('\n').find((line) => refuses.test(line))
      return fault === undefined ? done : { ...done, isOk: false, stderr: `${fault}: no` }
    }
  })()
  const write = (...changes: readonly unknown[]): void => {
    if (disk.isFull) throw new Error('ENOSPC: no space left on device')
    noted.push(...changes)
  }
  const file = {
    left: [],
    lines: 0,
    note: write,
    rewrite: (changes: readonly unknown[]) => write(...changes),
    clear: () => {},
  }
  const changes = new NetworkChanges(host, file, ({ message }) => said.push(message))
  const say = (message: string): void => void said.push(message)
  const routes = new RouteKeeper({
    host,
    changes,
    log: { info: say, warn: say, error: say },
    tun: 'mp0',
    onRefused: (why) => refused.push(why),
  })
  return { routes, host, disk, said, refused, noted }
}

describe('traffic that shall go into the tunnel', () => {
  test('goes there also when nothing can be noted, which is said once, and noted when there is room', async () => {
    const { routes, host, disk, said, refused, noted } = keeper({ isFull: true })
    await routes.update(FULL)
    expect(host.ran.filter((line) => line.startsWith('rule add'))).toEqual([
      expect.stringMatching(/^rule add pref 5602 lookup main suppress_prefixlength 0 /),
      expect.stringMatching(/^rule add pref 5603 lookup \d+ /),
    ])
    expect([said, refused, noted]).toEqual([['ENOSPC: no space left on device'], [], []])
    disk.isFull = false
    await routes.update()
    expect(noted).toEqual(expect.arrayContaining([expect.objectContaining({ priority: 5603 })]))
    await routes.close()
  })

  test('is not left to go beside it when the system refuses its rule', async () => {
    const { routes, refused } = keeper({ refuses: /^rule add pref 5603/ })
    await routes.update(FULL)
    expect(refused).toEqual([])
    await routes.update()
    expect(refused).toEqual([
      expect.stringMatching(/^some routes could not be set: rule add pref 5603 .*goes beside it$/),
    ])
    await routes.close()
  })

  test('is no reason to end once it went there, nor is another route that is refused', async () => {
    const { routes, host, said, refused } = keeper({ refuses: /^route replace/ })
    await routes.update(FULL)
    const table = /lookup (\d+) protocol 109$/.exec(host.ran.find((line) => line.includes('pref 5603'))!)![1]!
    const rule = { priority: 5603, src: 'all', table, protocol: '109' }
    host.says.set('ip -4 -json rule show', JSON.stringify([rule]))
    await routes.update()
    expect(refused).toEqual([])
    expect(said).toEqual([expect.stringMatching(/^some routes could not be set: route replace/)])
    await routes.close()
  })
})
