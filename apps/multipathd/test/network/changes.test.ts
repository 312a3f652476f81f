import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Change } from '../../src/network/change.ts'
import { NetworkChanges } from '../../src/network/changes.ts'
import { startNat } from '../../src/network/nat.ts'
import { StateFile, stateFilePath } from '../../src/network/state-file.ts'
import { FakeHost } from './support.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-state-'))
  file = join(folder, 'deep', 'mp0.state')
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const RULE: Change = { kind: 'rule', family: 4, priority: 5600, from: '192.168.1.10', table: 1077 }
const TABLE: Change = { kind: 'table', family: 6, table: 1077 }
const NAT: Change = { kind: 'nat', name: 'multipathd-mp0' }
const UNDONE = [
  'ip -4 -force -batch -',
  'rule del pref 5600 from 192.168.1.10 lookup 1077 protocol 109',
  'ip -6 -force -batch -',
  'route flush table 1077 proto 109',
]

describe('what a daemon that was killed noted', () => {
  test('is undone by the next one, newest first, once', async () => {
    const killed = new StateFile(file)
    for (const change of [RULE, TABLE, RULE, NAT]) killed.note(change)
    killed.close()
    const host = new FakeHost()
    const next = new StateFile(file)
    expect(next.left).toEqual([RULE, TABLE, NAT])
    expect(await new NetworkChanges(host, next).recover()).toBe(3)
    expect(host.ran).toEqual([...UNDONE, 'nft delete table inet multipathd-mp0'])
    next.close()
    expect(existsSync(file)).toBe(false)
  })

  test('does not grow for ever, and names all that is still there', () => {
    const state = new StateFile(file)
    const changes = new NetworkChanges(new FakeHost(), state)
    changes.note(TABLE)
    for (let day = 0; day < 2000; day++) {
      const rule: Change = { ...RULE, from: `10.0.${day >> 8}.${day & 255}` }
      changes.note(rule)
      if (day < 1999) changes.forget([rule])
    }
    expect(statSync(file).size).toBeLessThan(50_000)
    state.close()
    const next = new StateFile(file)
    expect(next.left).toContainEqual(TABLE)
    expect(next.left).toContainEqual({ ...RULE, from: '10.0.7.207' })
    next.close()
  })

  test('is read but for lines that were cut off or say something else', () => {
    const state = new StateFile(file)
    state.note(RULE)
    state.close()
    for (const line of [
      '{"kind":"rule","fam',
      '{"kind":"sysctl","name":"kernel/core_pattern","before":"1","after":"0"}',
      '{"kind":"nat","name":"filter"}',
      '{"kind":"rule","family":4,"priority":1,"from":"1.2.3.4 lookup 7; reboot","table":7}',
      '{"kind":"table","family":4,"table":"main"}',
    ])
      appendFileSync(file, `\n${line}`)
    const next = new StateFile(file)
    next.note(TABLE)
    next.close()
    const last = new StateFile(file)
    expect(last.left).toEqual([RULE, TABLE])
    last.close()
  })
})

describe('a state file', () => {
  test('is for its owner only, and no link to somewhere else', () => {
    const state = new StateFile(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    state.close()
    writeFileSync(join(folder, 'other'), 'mine')
    symlinkSync(join(folder, 'other'), file)
    expect(() => new StateFile(file)).toThrow(/cannot open the state file .*ELOOP/)
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('mine')
  })

  test('is where the service manager says, and one for each device', () => {
    const env = { RUNTIME_DIRECTORY: '/run/mp:/run/other', XDG_RUNTIME_DIR: '/run/user/7' }
    expect(stateFilePath('mp0', env)).toMatch(/^\/run\/mp\/mp0-\w+\.state$/)
    expect(stateFilePath('mp1', env)).not.toBe(stateFilePath('mp0', env))
  })
})

describe('settings of the kernel', () => {
  test('are restored, unless somebody else changed them since', async () => {
    const host = new FakeHost()
    host.settings.set('net/ipv4/ip_forward', '0').set('net/ipv6/conf/all/forwarding', '0')
    const changes = new NetworkChanges(host, new StateFile(file))
    changes.setSysctl('net/ipv4/ip_forward', '1')
    changes.setSysctl('net/ipv6/conf/all/forwarding', '1')
    host.settings.set('net/ipv6/conf/all/forwarding', '2')
    await changes.undo()
    expect([...host.settings.values()]).toEqual(['0', '2'])
  })

  test('are no change of ours when they are right already', async () => {
    const host = new FakeHost()
    host.settings.set('net/ipv4/ip_forward', '1')
    const changes = new NetworkChanges(host, new StateFile(file))
    changes.setSysctl('net/ipv4/ip_forward', '1')
    changes.setSysctl('net/ipv6/conf/all/forwarding', '1')
    await changes.undo()
    expect(host.ran).toEqual([])
  })
})

test('translation is a table of its own, noted before it is made, that goes again', async () => {
  const host = new FakeHost()
  host.settings.set('net/ipv4/ip_forward', '0')
  const changes = new NetworkChanges(host, new StateFile(file))
  await startNat(changes, { tun: 'mp0', networks: ['10.99.0.0/24', 'fd00:99::/64'] })
  expect(readFileSync(file, 'utf8')).toContain('"name":"multipathd-mp0"')
  expect(host.ran).toContain('    ip saddr 10.99.0.0/24 oifname != "mp0" masquerade')
  expect(host.ran).toContain('    ip6 saddr fd00:99::/64 oifname != "mp0" masquerade')
  expect(host.sysctl('net/ipv4/ip_forward')).toBe('1')
  host.ran.length = 0
  await changes.undo()
  expect(host.ran).toEqual(['net/ipv4/ip_forward = 0', 'nft delete table inet multipathd-mp0'])
})
