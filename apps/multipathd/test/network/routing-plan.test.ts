import { describe, expect, test } from 'vitest'
import { ruleWords } from '../../src/network/change.ts'
import { readMainRoutes, readRules } from '../../src/network/kernel-routes.ts'
import { planRouting } from '../../src/network/routing-plan.ts'
import type { RoutingFacts, RoutingWishes } from '../../src/network/routing-plan.ts'
import { TableNumbers } from '../../src/network/table-numbers.ts'
import { FakeHost } from './support.ts'

const ROUTES: Readonly<Record<string, readonly string[]>> = {
  'eth0 4': ['default via 192.168.1.1 dev eth0', '192.168.1.0/24 dev eth0 scope link src 192.168.1.10'],
  'eth0 6': ['default via fe80::1 dev eth0 metric 1024'],
  'wwan0 4': ['default dev wwan0 scope link'],
}

function plan(wishes: Partial<RoutingWishes>, foreign: readonly string[] = []) {
  const facts: RoutingFacts = {
    mainRoutes: (device, family) => ROUTES[`${device} ${family}`] ?? [],
    foreignSources: new Set(foreign),
    tableOf: (device) => ['mp0', 'eth0', 'wwan0'].indexOf(device) + 100,
  }
  const { rules, tables } = planRouting({ lines: [], servers: [], ...wishes }, facts)
  return {
    rules: rules.map((rule) => `-${rule.family} ${ruleWords(rule)}`),
    tables: tables.map(({ family, table, routes }) => [family, table, routes]),
  }
}

describe('the plan of routes', () => {
  test('has a table for each line and family with routes, and a rule for each address', () => {
    const lines = [
      { device: 'eth0', ips: ['192.168.1.10', '2001:db8::7'] },
      { device: 'wwan0', ips: ['10.3.4.5', '2001:db8:1::7'] },
    ]
    expect(plan({ lines })).toEqual({
      rules: [
        '-4 pref 5600 from 192.168.1.10 lookup 101 protocol 109',
        '-6 pref 5600 from 2001:db8::7 lookup 101 protocol 109',
        '-4 pref 5600 from 10.3.4.5 lookup 102 protocol 109',
      ],
      tables: [
        [4, 101, ROUTES['eth0 4']],
        [6, 101, ROUTES['eth0 6']],
        [4, 102, ROUTES['wwan0 4']],
      ],
    })
  })

  test('leaves an address alone that somebody else has a rule for', () => {
    const lines = [{ device: 'wwan0', ips: ['10.3.4.5'] }]
    expect(plan({ lines }, ['10.3.4.5'])).toEqual({ rules: [], tables: [] })
  })

  test('sends all into a full tunnel but what goes to the server or to networks nearby', () => {
    const servers = ['203.0.113.2', '2001:db8:113::2']
    expect(plan({ servers, fullTunnel: { device: 'mp0', families: [4] } })).toEqual({
      rules: [
        '-4 pref 5601 to 203.0.113.2 lookup main protocol 109',
        '-4 pref 5602 lookup main suppress_prefixlength 0 protocol 109',
        '-4 pref 5603 lookup 100 protocol 109',
      ],
      tables: [[4, 100, ['default dev mp0 scope link']]],
    })
  })
})

describe('what the kernel has', () => {
  test('is read: rules of ours, and addresses others have rules for', async () => {
    const host = new FakeHost()
    host.says.set(
      'ip -4 -json rule show',
      JSON.stringify([
        { priority: 0, src: 'all', table: 'local' },
        { priority: 5600, src: '192.168.1.10', table: '101', protocol: '109' },
        { priority: 5602, src: 'all', table: 'main', suppress_prefixlen: 0, protocol: '109' },
        { priority: 32_764, src: '10.3.4.5', table: '7' },
        { priority: 32_765, src: '10.9.0.0', srclen: 16, table: '8' },
      ]),
    )
    expect(await readRules(host, 4)).toEqual({
      ours: new Set([
        'pref 5600 from 192.168.1.10 lookup 101 protocol 109',
        'pref 5602 lookup main suppress_prefixlength 0 protocol 109',
      ]),
      foreignSources: new Set(['10.3.4.5']),
    })
  })

  test('is read: routes that packets can take', async () => {
    const host = new FakeHost()
    host.says.set(
      'ip -4 -json route show table main dev eth0',
      JSON.stringify([
        { dst: 'default', gateway: '192.168.1.1', protocol: 'dhcp', metric: 100, flags: ['onlink'] },
        { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, flags: [] },
        { dst: '192.168.1.0/24', protocol: 'kernel', scope: 'link', prefsrc: '192.168.1.10', flags: [] },
        { dst: '10.1.0.0/16', gateway: '192.168.1.2', flags: ['dead', 'linkdown'] },
        { type: 'unreachable', dst: '10.2.0.0/16', flags: [] },
        { dst: '10.3.0.0/16', flags: [], nexthops: [] },
      ]),
    )
    expect(await readMainRoutes(host, { family: 4, device: 'eth0' })).toEqual([
      'default via 192.168.1.1 dev eth0 metric 100 onlink',
      'default via inet6 fe80::1 dev eth0',
      '192.168.1.0/24 dev eth0 scope link src 192.168.1.10',
    ])
  })
})

test('tables have other numbers for each device and each daemon', () => {
  const [one, two] = [new TableNumbers('mp0'), new TableNumbers('mp1')]
  const numbers = [one.of('eth0'), one.of('wwan0'), two.of('eth0')]
  expect(new Set(numbers).size).toBe(3)
  expect(one.of('eth0')).toBe(numbers[0])
  for (const number of numbers) expect(number > 1000 && number < 2 ** 32).toBe(true)
})
