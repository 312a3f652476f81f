import type { NetworkInterface } from '@mp/interface'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RemotePath } from '../../src/config/index.ts'
import { LineKeeper } from '../../src/network/line-keeper.ts'
import type { PathControl } from '../../src/network/line-keeper.ts'
import { iface, path } from './support.ts'

const told: string[] = []
/** Where links leave from, by path. */
const localIps = new Map<string, string>()
/** Those that an interface made. */
const paths = new Set<string>()
const limit = { paths: Infinity }
beforeEach(() => {
  told.length = 0
  localIps.clear()
  paths.clear()
  limit.paths = Infinity
})

const control: PathControl = {
  addPath: ({ name, device }) => {
    if (paths.size === limit.paths) throw new RangeError('too many')
    paths.add(name)
    told.push(`add ${name} ${device}`)
  },
  replacePath: ({ name, mtu }) => void told.push(`replace ${name} ${mtu}`),
  setPath: ({ name, weight }) => void told.push(`set ${name} weight ${weight}`),
  closePath: (name) => {
    paths.delete(name)
    told.push(`close ${name}`)
  },
  retirePath: (name) => {
    paths.delete(name)
    told.push(`retire ${name}`)
  },
  suspendPath: (name, reason) => void told.push(`suspend ${name}: ${reason}`),
  resumePath: (name) => void told.push(`resume ${name}`),
  redialPath: (name) => void told.push(`redial ${name}`),
  localIpOf: (name) => localIps.get(name),
  remoteIpOf: () => undefined,
}

function keeper(...configured: readonly RemotePath[]) {
  const lines = new LineKeeper({
    paths: configured,
    control,
    ignored: ['mp0'],
    onRefusal: (name, { message }) => told.push(`refused ${name}: ${message}`),
  })
  return {
    see: (...interfaces: readonly NetworkInterface[]) => lines.handleInterfaces(interfaces),
    follow: (...named: readonly RemotePath[]) => lines.setPaths(named),
    /** What was told since the last look. */
    news: () => told.splice(0),
  }
}

describe('a path with a device', () => {
  test('is suspended while the device is not there, down, or has no address of the family', () => {
    const { see, news } = keeper(path({ name: 'lte', device: 'wwan0' }))
    see(iface('eth0', '192.168.1.10'))
    expect(news()).toEqual(['suspend lte: there is no wwan0'])
    see(iface('wwan0'))
    expect(news()).toEqual(['suspend lte: wwan0 has no IPv4 address'])
    see(iface('wwan0', '2001:db8::7'))
    expect(news()).toEqual([])
    expect(see(iface('wwan0', '2001:db8::7', '192.168.8.10'))).toEqual([
      { device: 'wwan0', ips: ['192.168.8.10'] },
    ])
    expect(news()).toEqual(['resume lte'])
    expect(see({ ...iface('wwan0', '192.168.8.10'), isUp: false })).toEqual([])
    expect(news()).toEqual(['suspend lte: wwan0 is down'])
  })

  test('gets another link when its address changes, not while it is the best there is', () => {
    const { see, news } = keeper(path({ name: 'lte', device: 'wwan0' }))
    localIps.set('lte', '192.168.8.10')
    see(iface('wwan0', '192.168.8.10'))
    see(iface('wwan0', '192.168.8.10', '192.168.9.10'))
    expect(news()).toEqual([])
    see(iface('wwan0', '192.168.9.10'))
    expect(news()).toEqual(['redial lte'])
  })

  test('leaves a temporary address for the one that follows it, before it is gone', () => {
    const { see, news } = keeper(path({ name: 'six', remoteAddr: '[2001:db8::1]:5000', device: 'eth0' }))
    localIps.set('six', '2001:db8:1::a')
    see(iface('eth0', '2001:db8:1::a', '192.168.1.10'))
    const old = { ip: '2001:db8:1::a', isDeprecated: true }
    see({ name: 'eth0', isUp: true, addresses: [old] })
    expect(news()).toEqual([])
    see({ name: 'eth0', isUp: true, addresses: [old, { ip: '2001:db8:1::b', isDeprecated: false }] })
    expect(news()).toEqual(['redial six'])
  })
})

describe('a path with an address', () => {
  test('is suspended when its device is down or the address goes, and left to dialling before it was there', () => {
    const { see, news } = keeper(path({ name: 'dsl', localAddr: '192.168.1.10' }))
    see(iface('eth0'))
    expect(news()).toEqual([])
    see(iface('eth0', '192.168.1.10', '192.168.1.11'))
    see({ ...iface('eth0', '192.168.1.10'), isUp: false })
    expect(news()).toEqual(['suspend dsl: eth0 is down'])
    expect(see(iface('eth0', '192.168.1.10', '192.168.1.11'))).toEqual([
      { device: 'eth0', ips: ['192.168.1.10'] },
    ])
    expect(news()).toEqual(['resume dsl'])
    see(iface('eth0', '192.168.1.11'))
    see(iface('eth0'))
    expect(news()).toEqual(['suspend dsl: 192.168.1.10 is gone'])
    see(iface('eth1', '192.168.1.10'))
    expect(news()).toEqual(['resume dsl'])
  })
})

test('a path with neither gets another link when the address it has is gone', () => {
  const { see, news } = keeper(path({ name: 'any' }))
  see(iface('eth0', '192.168.1.10'))
  localIps.set('any', '192.168.1.10')
  see(iface('eth0', '192.168.1.10'))
  expect(news()).toEqual([])
  see(iface('eth0', '192.168.1.11'))
  expect(news()).toEqual(['redial any'])
})

describe('a pattern', () => {
  test('makes a path of each interface that fits once it has an address, and only one', () => {
    const { see, news } = keeper(path({ name: 'lte', device: 'w?an*' }))
    see(iface('eth0', '192.168.1.10'), iface('wwan0'), iface('wwanx1', '192.168.9.10'))
    expect(news()).toEqual(['add lte@wwanx1 wwanx1'])
    see(iface('wwan0', '192.168.8.10'))
    expect(news()).toEqual(['add lte@wwan0 wwan0', 'suspend lte@wwanx1: there is no wwanx1'])
    see(iface('wwan0', '192.168.8.10'), iface('wwanx1', '192.168.9.11'))
    expect(news()).toEqual(['resume lte@wwanx1'])
  })

  test('is not for devices of ours, and its other characters mean themselves', () => {
    const { see, news } = keeper(path({ name: 'all', device: '*' }), path({ name: 'dot', device: 'e.*' }))
    see(iface('mp0', '10.99.0.1'), iface('eth0', '192.168.1.10'), iface('e.1', '192.168.2.10'))
    expect(news()).toEqual(['add all@eth0 eth0', 'add all@e.1 e.1', 'add dot@e.1 e.1'])
  })

  test('that cannot make a path says so, and tries again when something changes', () => {
    limit.paths = 0
    const { see, news } = keeper(path({ name: 'lte', device: 'wwan*' }))
    see(iface('wwan0', '192.168.8.10'))
    see(iface('wwan0', '192.168.8.10'), iface('eth0', '192.168.1.10'))
    expect(news()).toEqual(['refused lte@wwan0: too many'])
    see()
    limit.paths = 1
    see(iface('wwan0', '192.168.8.11'))
    expect(news()).toEqual(['add lte@wwan0 wwan0'])
  })

  test('has a path that waits for its interface make way when there are too many', () => {
    limit.paths = 2
    const { see, news } = keeper(path({ name: 'usb', device: 'usb*' }))
    see(iface('usb0', '10.0.0.2'), iface('usb1', '10.0.1.2'))
    see(iface('usb1', '10.0.1.2'))
    news()
    see(iface('usb1', '10.0.1.2'), iface('usb2', '10.0.2.2'))
    expect(news()).toEqual(['close usb@usb0', 'add usb@usb2 usb2'])
    see(iface('usb0', '10.0.0.2'), iface('usb1', '10.0.1.2'), iface('usb2', '10.0.2.2'))
    expect(news()).toEqual(['refused usb@usb0: too many'])
  })
})

describe('a config that changes', () => {
  const wwan = path({ name: 'lte', device: 'wwan*' })
  const dsl = path({ name: 'dsl', device: 'eth0' })

  test('closes the paths of a pattern that is gone, and leaves the others', () => {
    const { see, news, follow } = keeper(wwan, dsl)
    see(iface('wwan0', '192.168.8.10'), iface('eth0', '192.168.1.10'))
    news()
    expect(follow({ ...dsl })).toEqual([{ device: 'eth0', ips: ['192.168.1.10'] }])
    expect(news()).toEqual(['retire lte@wwan0'])
  })

  test('has paths follow their pattern, and new ones looked after', () => {
    const { see, news, follow } = keeper(wwan)
    see(iface('wwan0', '192.168.8.10'))
    news()
    follow({ ...wwan, mtu: 1400 }, dsl)
    expect(news()).toEqual(['replace lte@wwan0 1400', 'suspend dsl: there is no eth0'])
    see()
    expect(news()).toEqual(['suspend lte@wwan0: there is no wwan0'])
  })

  test('keeps paths that shall only be used in another way', () => {
    const { see, news, follow } = keeper(wwan)
    see(iface('wwan0', '192.168.8.10'))
    news()
    follow({ ...wwan, weight: 3 })
    follow({ ...wwan, weight: 3, device: 'wwan?' })
    expect(news()).toEqual(['set lte@wwan0 weight 3', 'set lte@wwan0 weight 3'])
  })

  test('gives a path up only after another one took its place', () => {
    const { see, news, follow } = keeper(wwan)
    see(iface('wwan0', '192.168.8.10'))
    news()
    follow({ ...wwan, name: 'mobile' })
    expect(news()).toEqual(['add mobile@wwan0 wwan0', 'retire lte@wwan0'])
  })

  test('before anything is known of interfaces suspends nothing', () => {
    const { news, follow } = keeper(wwan)
    expect([follow(dsl), news()]).toEqual([[], []])
  })
})

test('lines of one device are one', () => {
  const { see } = keeper(path({ name: 'a', device: 'eth0' }), path({ name: 'b', localAddr: '192.168.1.11' }))
  expect(see(iface('eth0', '192.168.1.10', '192.168.1.11'))).toEqual([
    { device: 'eth0', ips: ['192.168.1.10', '192.168.1.11'] },
  ])
})
