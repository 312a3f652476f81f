import { loadNativeIo } from '@mp/native-io'
import { createLab, type Lab, type Namespace, requires } from '@mp/netlab'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HOST_IPS, joinTuns, type JoinedTuns, snmp, transfer } from './joined-tuns.ts'
import { buildPreload, compiler, type Preload } from './preload.ts'

const io = loadNativeIo().io!
const missing = requires(['root', 'tun', 'netns'], { native: io !== undefined, compiler })

describe.skipIf(missing.length > 0)(
  'super-packets with extension headers of IPv6 [needs native, compiler, root, tun, netns]',
  () => {
    let preload: Preload
    let lab: Lab
    let hosts: readonly [Namespace, Namespace]
    let joined: JoinedTuns

    beforeAll(async () => {
      preload = buildPreload('extend-connections')
      lab = await createLab()
      hosts = [await lab.namespace('a'), await lab.namespace('b')]
    })
    afterEach(async () => {
      await joined.close()
      if (joined.pool.inUse !== 0) throw new Error(`${joined.pool.inUse} slots are still out`)
    })
    afterAll(async () => {
      preload?.remove()
      await lab?.dispose()
    })

    it.each([true, false])('are cut as others, checksums begun only: %s', async (partialChecksums) => {
      const wishes = { partialChecksums }
      joined = await joinTuns({ io, hosts, aOptions: wishes, bOptions: wishes })
      const { sent, received } = await transfer(hosts, HOST_IPS[6][1], {
        bytes: 3_000_000,
        connections: 2,
        preload: preload.path,
      })
      expect(received).toEqual(sent)
      expect(joined.a.offloads()).toMatchObject({ checksum: true, tso: true })
      expect(joined.a.stats().drops['malformed']).toBe(0)
      expect(await snmp(hosts[1], 'Tcp', 'InCsumErrors')).toBe(0)
    })
  },
)
