import { chooseNetworkWatch, loadNativeIo } from '@mp/native-io'
import { createLab, requires, type Lab, type Namespace } from '@mp/netlab'
import { systemRuntime } from '@mp/runtime-node'
import { testNetworkWatch } from '@mp/testkit/conformance'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWatch } from './network-fixture.ts'

const native = loadNativeIo()
const missing = requires(['root', 'netns'], { native: native.io !== undefined })

describe.skipIf(missing.length > 0)('interfaces by netlink [needs root, netns, native]', () => {
  let lab: Lab
  let namespace: Namespace
  beforeAll(async () => {
    lab = await createLab()
    namespace = await lab.namespace('host')
  })
  afterAll(() => lab?.dispose())

  testNetworkWatch({
    name: 'netlink',
    create: () => createWatch(namespace),
    skip: [{ test: 'it is started once, and not after close', reason: 'it runs in another process' }],
  })

  it('is not fooled by bridges, addresses of links and deprecated ones', async () => {
    const fixture = createWatch(namespace)
    const { watch, wait, ip, add } = fixture
    let seen = ''
    watch.start({
      onInterfaces: (interfaces) => void (seen = JSON.stringify(interfaces)),
      onRoutes: () => {},
    })
    add('wwan0', '192.0.2.7')
    ip('address add fe80::7/64 dev wwan0 nodad')
    ip('address add 2001:db8::7/64 dev wwan0 nodad preferred_lft 0')
    const expected = JSON.stringify({
      name: 'wwan0',
      isUp: true,
      addresses: [
        { ip: '192.0.2.7', isDeprecated: false },
        { ip: '2001:db8::7', isDeprecated: true },
      ],
    })
    await wait.until(() => seen.includes(expected))
    ip('link add bridge0 type bridge')
    ip('link set wwan0 master bridge0')
    ip('link set wwan0 nomaster')
    ip('link delete bridge0')
    await wait.settle()
    expect(seen).toContain(expected)
    await fixture.dispose?.()
  })

  it('tells of routes of the main table, and of rules', async () => {
    const fixture = createWatch(namespace)
    const { watch, wait, ip, add } = fixture
    let routes = 0
    let isThere = false
    watch.start({
      onInterfaces: (interfaces) =>
        void (isThere = interfaces.some(({ addresses }) => addresses[0]?.ip === '192.0.2.7')),
      onRoutes: () => void routes++,
    })
    add('wwan0', '192.0.2.7')
    await wait.until(() => isThere)
    await wait.settle()
    const before = routes
    ip('route add 198.51.100.0/24 dev wwan0 table 77')
    await wait.settle()
    expect(routes).toBe(before)
    ip('route add 198.51.100.0/24 dev wwan0')
    await wait.until(() => routes > before)
    for (const family of ['-4', '-6']) {
      await wait.settle()
      const beforeRule = routes
      await namespace.run('ip', [family, 'rule', 'add', 'pref', '7', 'lookup', '77'])
      await wait.until(() => routes > beforeRule)
      await namespace.run('ip', [family, 'rule', 'del', 'pref', '7'])
    }
    await fixture.dispose?.()
  })
})

describe('chooseNetworkWatch', () => {
  it('looks now and then where the addon does not load', () => {
    const watch = chooseNetworkWatch({ runtime: systemRuntime(), native: { io: undefined, reason: 'none' } })
    expect(watch.backend).toBe('polling')
    watch.close()
  })

  it.skipIf(native.io === undefined || process.platform !== 'linux')(
    'takes netlink on Linux, which is started once, and not after close [needs native]',
    () => {
      const watch = chooseNetworkWatch({ runtime: systemRuntime() })
      const handler = { onInterfaces: () => {}, onRoutes: () => {} }
      watch.start(handler)
      expect(watch.backend).toBe('netlink')
      expect(() => watch.start(handler)).toThrow(/once/)
      watch.close()
    },
  )
})
