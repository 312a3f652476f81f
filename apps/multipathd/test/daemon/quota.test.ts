import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PathSettings, PathStats } from '@mp/tunnel'
import { parseConfig } from '../../src/config/index.ts'
import type { Config } from '../../src/config/index.ts'
import { EventLog } from '../../src/daemon/event-log.ts'
import { nextReset, periodStart } from '../../src/daemon/quota/period.ts'
import { QuotaKeeper } from '../../src/daemon/quota/quota-keeper.ts'
import { UsageFile, usualStateFolder } from '../../src/daemon/quota/usage-file.ts'
import type { Usages } from '../../src/daemon/quota/usage-file.ts'
import { client } from '../config/samples.ts'

const at = (text: string): number => new Date(`${text}T00:00:00`).getTime()

describe('a month of a quota', () => {
  test.each([
    ['2026-03-15', 1, '2026-03-01', '2026-04-01'],
    ['2026-03-15', 20, '2026-02-20', '2026-03-20'],
    ['2026-03-20', 20, '2026-03-20', '2026-04-20'],
    ['2026-03-10', 31, '2026-02-28', '2026-03-31'],
    ['2028-03-10', 30, '2028-02-29', '2028-03-30'],
    ['2026-01-05', 10, '2025-12-10', '2026-01-10'],
    ['2026-12-24', 5, '2026-12-05', '2027-01-05'],
  ])('on %s with reset day %i is from %s to %s', (now, resetDay, from, to) => {
    expect([periodStart(at(now), resetDay), nextReset(at(now), resetDay)]).toEqual([at(from), at(to)])
  })
})

const GB = 1e9
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-quota-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function configOf(quota: object | undefined, more: object = {}): Config {
  const lte = { name: 'lte', remoteAddr: '192.0.2.7:5001', ...(quota && { quota }), ...more }
  const parsed = parseConfig(JSON.stringify({ ...client, client: { remotePaths: [lte] } }))
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return parsed.config as Config
}

/** A keeper over one line whose counters the test moves. */
function daemon(
  config: Config,
  startMs: number,
  file?: Pick<UsageFile, 'path' | 'read' | 'write' | 'close'>,
) {
  const said: string[] = []
  const set: [string, Partial<PathSettings>][] = []
  const line = {
    id: 1,
    name: 'lte',
    txBytes: 0,
    rxBytes: 0,
    txFrames: 0,
    rxFrames: 0,
    remoteAddress: '192.0.2.7:5001',
  }
  const clock = { ms: startMs }
  const events = new EventLog(() => clock.ms)
  const more: (typeof line)[] = []
  const say = (message: string): void => void said.push(message)
  const keeper = new QuotaKeeper({
    outlets: { log: { info: say, warn: say, error: say }, events },
    openFile: () => file ?? new UsageFile(folder, 'tun9'),
    paths: () => structuredClone([line, ...more]) as unknown as PathStats[],
    setPath: (name, settings) => void set.push([name, settings]),
    wallMs: () => clock.ms,
  })
  keeper.follow(config)
  return { keeper, said, set, line, more, clock, events }
}

const START = at('2026-03-15')
const usedOf = ({ keeper }: ReturnType<typeof daemon>): number => keeper.snapshot().get('lte')!.usage.bytes

describe('a metered line', () => {
  test('counts both ways with headers, warns, becomes a backup, and is itself again next month', () => {
    const world = daemon(configOf({ bytes: '1 GB' }, { role: 'secondary' }), START)
    const { keeper, said, set, line, clock, events } = world
    Object.assign(line, { txBytes: 0.5 * GB, rxBytes: 0.1 * GB, txFrames: 500_000, rxFrames: 100_000 })
    keeper.look()
    expect(usedOf(world)).toBe(0.6 * GB + 600_000 * 28)
    expect(set).toEqual([['lte', { role: 'secondary', isExhausted: false }]])
    line.rxBytes += 0.2 * GB
    keeper.look()
    line.rxBytes += 0.2 * GB
    keeper.look()
    keeper.look()
    expect(set.slice(2)).toEqual([['lte', { role: 'backup', isExhausted: false }]])
    clock.ms = at('2026-04-01')
    keeper.look()
    expect(set.slice(3)).toEqual([['lte', { role: 'secondary', isExhausted: false }]])
    expect(usedOf(world)).toBe(0)
    expect(said).toEqual([
      'lte: 0.82 GB of 1.00 GB are used, which have to last until Wed Apr 01 2026',
      'lte: all of its 1.00 GB are used: it is a backup until Wed Apr 01 2026',
      'lte: may carry 1.00 GB until Fri May 01 2026',
    ])
    expect(events.recent().map(({ type, level, message }) => [type, level, message])).toEqual(
      said.map((message, index) => ['quota', index < 2 ? 'warn' : 'info', message]),
    )
    keeper.close()
  })

  test('binds an interface of its pattern that comes when all is used', () => {
    const { keeper, set, line, more } = daemon(configOf({ bytes: '1 MB' }), START)
    line.txBytes = 2e6
    keeper.look()
    set.length = 0
    more.push({ ...line, id: 2, name: 'lte@wwan1', txBytes: 0 })
    keeper.look()
    keeper.look()
    expect(set).toEqual([['lte@wwan1', { role: 'backup', isExhausted: false }]])
    keeper.close()
  })

  test('may carry nothing more instead', () => {
    const { keeper, set, line } = daemon(configOf({ bytes: '1 MB', whenUsed: 'stop' }), START)
    line.txBytes = 2e6
    keeper.look()
    expect(set.at(-1)).toEqual(['lte', { role: 'primary', isExhausted: true }])
    keeper.close()
  })

  test('goes on counting after a restart, from the file, where counters begin anew', () => {
    const first = daemon(configOf({ bytes: '1 GB' }), START)
    first.line.txBytes = 0.7 * GB
    first.keeper.close()
    const second = daemon(configOf({ bytes: '1 GB' }), START + 1000)
    second.line.rxBytes = 0.4 * GB
    second.keeper.look()
    expect(second.set.at(-1)![1].role).toBe('backup')
    second.keeper.close()
    const later = daemon(configOf({ bytes: '1 GB' }), at('2026-05-15'))
    expect(usedOf(later)).toBe(0)
    later.keeper.close()
  })

  test('is written once a minute while it is used, in place and for its owner only', () => {
    const { keeper, line, clock } = daemon(configOf({ bytes: '1 GB' }), START)
    const file = join(folder, 'usage-tun9.json')
    line.txBytes = 12_345
    clock.ms += 59_000
    keeper.look()
    expect(readFileSync(file, 'utf8')).toBe('')
    clock.ms += 1000
    keeper.look()
    expect(JSON.parse(readFileSync(file, 'utf8')).paths.lte.bytes).toBe(12_345)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    keeper.close()
  })

  test('is counted on when it cannot be written, which is said once, and is kept once it can be', () => {
    let isFull = true
    let kept: number | undefined
    const disk = {
      path: '/full/usage.json',
      read: () => new Map(),
      write: (usages: Usages) => {
        if (isFull) throw new Error('ENOSPC: no space left on device, write')
        kept = usages.get('lte')?.bytes
      },
      close: () => {},
    }
    const { keeper, line, clock, said } = daemon(configOf({ bytes: '1 GB' }), START, disk)
    line.txBytes = 12_345
    for (let minute = 0; minute < 3; minute++) {
      clock.ms += 60_000
      keeper.look()
    }
    expect(said).toEqual([
      'cannot keep what is used of quotas: ENOSPC: no space left on device, write. Make room for /full/usage.json; counting goes on',
    ])
    keeper.close()
    expect(kept).toBeUndefined()
    isFull = false
    clock.ms += 60_000
    keeper.look()
    expect(kept).toBe(12_345)
  })

  test('keeps what it used when its quota changes, and what others used when they lost theirs', () => {
    const world = daemon(configOf({ bytes: '1 GB' }), START)
    world.line.txBytes = 0.5 * GB
    world.keeper.follow(configOf({ bytes: '400 MB' }))
    expect(world.set.at(-1)![1].role).toBe('backup')
    world.keeper.follow(configOf({ bytes: '2 TB', resetDay: 20 }))
    expect(world.set.at(-1)![1].role).toBe('primary')
    world.keeper.close()
    const without = daemon(configOf(undefined), START)
    without.keeper.close()
    expect(new UsageFile(folder, 'tun9').read()!.get('lte')!.bytes).toBe(0.5 * GB)
  })
})

describe('the file', () => {
  test('may get shorter, and what is something else is told apart', () => {
    const file = new UsageFile(folder, 'x')
    file.write(
      new Map([
        ['a long name of a path', { sinceMs: 1, bytes: 2 }],
        ['b', { sinceMs: 1, bytes: 2 }],
      ]),
    )
    file.write(new Map([['b', { sinceMs: 3, bytes: 4 }]]))
    expect(new UsageFile(folder, 'x').read()).toEqual(new Map([['b', { sinceMs: 3, bytes: 4 }]]))
    file.close()
    writeFileSync(join(folder, 'usage-x.json'), '{"paths": 7}')
    expect(new UsageFile(folder, 'x').read()).toBeUndefined()
  })

  test('has a usual place', () => {
    expect(usualStateFolder({ STATE_DIRECTORY: '/run/x' })).toBe('/run/x')
    expect(['/var/lib/multipathd', '/home/me/.local/state/multipathd']).toContain(
      usualStateFolder({ HOME: '/home/me' }),
    )
  })
})
