import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { report } from '../../src/cli/doctor.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { filters, forwarding, lines, port } from '../../src/doctor/lines.ts'
import { buffers, clock, programs, rights } from '../../src/doctor/machine.ts'
import { client, secureServer, server } from '../config/samples.ts'
import { look } from './look.ts'

const way = (more: object): object => ({ remoteAddr: '192.0.2.7:5000', ...more })

const levels = (findings: readonly Finding[]): readonly string[] => findings.map(({ level }) => level)

const undo: (() => void)[] = []
afterEach(() => undo.splice(0).forEach((each) => each()))

describe('a check', () => {
  test('of rights asks for CAP_NET_ADMIN, but not of a relay', async () => {
    expect(await look(rights, client, { capabilities: 0n })).toMatchObject([
      { level: 'fault', found: 'no CAP_NET_ADMIN', advice: expect.stringContaining('--cap-add NET_ADMIN') },
    ])
    expect(levels(await look(rights, client, { capabilities: 1n << 12n }))).toEqual(['ok'])
    const relay = { ...client, relay: { listen: '127.0.0.1:1' } }
    expect(levels(await look(rights, relay, { capabilities: 0n }))).toEqual(['ok'])
  })

  test('of programs asks for nft where addresses are translated', async () => {
    expect(levels(await look(programs, client, { programs: ['ip'] }))).toEqual(['ok'])
    const nat = { ...secureServer, server: { ...secureServer.server, nat: true } }
    expect(await look(programs, nat, { programs: ['ip'] })).toMatchObject([
      { about: 'ip', level: 'ok' },
      { about: 'nft', level: 'fault', advice: '`nft` was not found: install it' },
    ])
  })

  test('of the clock finds one that is older than the program', async () => {
    expect(levels(await look(clock, client))).toEqual(['ok'])
    expect(await look(clock, client, { wallMs: 0 })).toMatchObject([
      { level: 'fault', found: '1970-01-01 00:00:00 UTC' },
    ])
  })

  test('of buffers names the limit that is too low, and how to raise it', async () => {
    const sysctls = { 'net/core/rmem_max': '212992', 'net/core/wmem_max': '8388608' }
    expect(await look(buffers, client, { sysctls, capabilities: 0n })).toMatchObject([
      {
        level: 'warning',
        found: '212992 bytes',
        advice: expect.stringContaining('sysctl -w net.core.rmem_max=4194304'),
      },
      { level: 'ok' },
    ])
    expect(levels(await look(buffers, client, { sysctls }))).toEqual(['ok'])
  })

  test('of lines finds interfaces and addresses that are missing, and an MTU that does not fit', async () => {
    const remotePaths = [
      way({ localAddr: '192.0.2.99' }),
      way({ device: 'nosuch0' }),
      way({ device: 'nosuch*' }),
      way({ localAddr: '127.0.0.1', mtu: 1500 }),
      way({ device: 'lo', mtu: 65_535, localAddr: '127.0.0.1' }),
      way({}),
    ]
    const findings = await look(lines, { ...client, client: { remotePaths } })
    expect(levels(findings).slice(0, 4)).toEqual(['warning', 'warning', 'ok', 'ok'])
    expect(findings[0]).toMatchObject({ about: 'path path1', found: 'no interface has 192.0.2.99' })
    expect(findings[1]?.advice).toMatch(/name one of .*lo/)
    expect(findings.at(-1)).toMatchObject({ level: 'ok', found: 'by the routing table' })
  })

  test('of filters warns of strict ones where nobody sets routes', async () => {
    const remotePaths = [{ remoteAddr: '192.0.2.7:5000', device: 'lo' }]
    const value = { ...client, client: { remotePaths }, manageRoutes: false }
    const sysctls = { 'net/ipv4/conf/lo/rp_filter': '1' }
    expect(await look(filters, value, { sysctls })).toMatchObject([
      { about: 'rp_filter of lo', level: 'warning', advice: expect.stringContaining('rp_filter=2') },
    ])
    expect(await look(filters, value, { sysctls: { 'net/ipv4/conf/lo/rp_filter': '2' } })).toEqual([])
    expect(await look(filters, { ...value, manageRoutes: true }, { sysctls })).toEqual([])
  })

  test('of the port tells a taken one from a free one', async () => {
    const socket = createSocket('udp4')
    undo.push(() => socket.close())
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const listen = `127.0.0.1:${socket.address().port}`
    expect(await look(port, { ...server, server: { listen } })).toMatchObject([
      { level: 'warning', found: `${listen}: EADDRINUSE`, advice: expect.stringContaining('ss -lupn') },
    ])
    const foreign = await look(port, { ...server, server: { listen: '192.0.2.1:5000' } })
    expect(foreign).toMatchObject([{ level: 'fault', found: '192.0.2.1:5000: EADDRNOTAVAIL' }])
  })

  test('of forwarding asks for it where the server does not see to it itself', async () => {
    expect(levels(await look(forwarding, secureServer))).toEqual(['warning'])
    expect(levels(await look(forwarding, secureServer, { sysctls: { 'net/ipv4/ip_forward': '1' } }))).toEqual(
      ['ok'],
    )
    const nat = { ...secureServer, server: { ...secureServer.server, nat: true } }
    expect(await look(forwarding, nat)).toEqual([])
  })
})

test('a report has a line for each finding, the advice below, and a verdict', () => {
  const findings: Finding[] = [
    { about: 'clock', level: 'ok', found: 'fine' },
    { about: 'port 5000', level: 'warning', found: 'taken', advice: 'look who has it' },
    { about: 'rights', level: 'fault', found: 'none', advice: 'run as root' },
  ]
  expect(report(findings)).toBe(`ok     clock      fine
warn   port 5000  taken
                  -> look who has it
FAULT  rights     none
                  -> run as root

It will not work like this: 1 fault, 1 warning.
`)
  expect(report(findings.slice(0, 1))).toContain('It can work: 0 faults, 0 warnings.')
})
