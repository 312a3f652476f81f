import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { pollingWatch, systemRuntime } from '@mp/runtime-node'
import { simRuntime } from '@mp/testkit'
import { simWait, testNetworkWatch } from '@mp/testkit/conformance'
import { expect, it, vi } from 'vitest'

function info(address: string, scopeid = 0): NetworkInterfaceInfo {
  const common = { address, netmask: '', mac: '', internal: false, cidr: null }
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid } : { ...common, family: 'IPv4' }
}

testNetworkWatch({
  name: 'polling',
  create: () => {
    const runtime = simRuntime()
    const found: NodeJS.Dict<NetworkInterfaceInfo[]> = { lo: [info('127.0.0.1')] }
    const set = (name: string, ip: string): void => void (found[name] = [info(ip), info('fe80::7', 2)])
    const remove = (name: string): void => void delete found[name]
    return {
      watch: pollingWatch({ runtime, look: () => found }),
      wait: simWait(runtime, { settleMs: 5000 }),
      add: set,
      readdress: set,
      // As the system does it.
      setDown: remove,
      remove,
    }
  },
})

it('sees the interfaces of this machine', async () => {
  const watch = pollingWatch({ runtime: systemRuntime() })
  let names: readonly string[] = []
  watch.start({
    onInterfaces: (interfaces) => void (names = interfaces.map(({ name }) => name)),
    onRoutes: () => {},
  })
  await vi.waitFor(() => expect(names).toEqual(Object.keys(networkInterfaces())))
  watch.close()
})
