import { Mempool } from '@mp/mempool'
import { describe, expect, it } from 'vitest'
import { checkName, planOf } from '../src/options.ts'

const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 1 }] })

describe('options of a TUN device', () => {
  it.each([
    ['linux', 'x'.repeat(16)],
    ['linux', ''],
    ['linux', 'a b'],
    ['linux', '-a'],
    ['linux', 'a/b'],
    ['linux', 'tun%d'],
    ['darwin', 'tun0'],
    ['darwin', 'utun'],
  ] as const)('on %s the name %j is refused', (platform, name) => {
    expect(() => checkName(name, platform)).toThrow(expect.objectContaining({ code: 'MP_TUN_NAME' }))
  })

  it.each([
    ['linux', 'x'.repeat(15)],
    ['linux', 'mp-0.1_a'],
    ['darwin', 'utun7'],
  ] as const)('on %s the name %j is fine', (platform, name) => {
    expect(() => checkName(name, platform)).not.toThrow()
  })

  it.each([
    [{ addresses: [{ local: '10.8.0' }] }, 'MP_TUN_ADDRESS', 'is not an IP address'],
    [{ addresses: [{ local: '10.8.0.1', peer: 'fd00::1' }] }, 'MP_TUN_ADDRESS', 'must be an IPv4 address'],
    [{ addresses: [{ local: '10.8.0.1', prefix: 33 }] }, 'MP_TUN_ADDRESS', '0…32 bits, not 33'],
    [{ addresses: [{ local: 'fd00::1' }], mtuBytes: 1279 }, 'MP_TUN_ADDRESS', 'at least 1280'],
    [{ routes: ['10.8.0.0'] }, 'MP_TUN_ROUTE', 'is not a network'],
    [{ routes: ['10.8.0.0/33'] }, 'MP_TUN_ROUTE', 'is not a network'],
    [{ routes: ['10.8.0.0/8/8'] }, 'MP_TUN_ROUTE', 'is not a network'],
    [{ routes: ['default'] }, 'MP_TUN_ROUTE', 'expected one like 10.8.0.0/16'],
  ])('%j is refused with %s', (options, code, message) => {
    expect(() => planOf({ pool, ...options })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    )
  })

  it.each([[{ mtuBytes: 67 }], [{ mtuBytes: 1501 }], [{ queuePackets: -1 }]])(
    '%j is out of range',
    (options) => {
      expect(() => planOf({ pool, ...options })).toThrow(RangeError)
    },
  )

  it('has defaults for all', () => {
    expect(
      planOf({ pool, addresses: [{ local: '10.8.0.1' }, { local: 'fd00::1', peer: 'fd00::2' }] }),
    ).toEqual({
      addresses: [
        { family: 4, local: '10.8.0.1', peer: undefined, prefix: 32 },
        { family: 6, local: 'fd00::1', peer: 'fd00::2', prefix: 128 },
      ],
      routes: [],
      queuePackets: 1000,
    })
  })
})
