import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadNativeIo } from '@mp/native-io'
import { createLab, type Lab, type Namespace, requires } from '@mp/netlab'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HOST_IPS, joinTuns, type JoinedTuns, snmp, transfer } from './joined-tuns.ts'

const io = loadNativeIo().io!
const compiler = spawnSync('cc', ['--version']).status === 0
const missing = requires(['root', 'tun', 'netns'], { native: io !== undefined, compiler })
const source = fileURLToPath(new URL('fixtures/extend-connections.c', import.meta.url))

describe.skipIf(missing.length > 0)(
  'super-packets with extension headers of IPv6 [needs native, compiler, root, tun, netns]',
  () => {
    let folder: string
    let preload: string
    let lab: Lab
    let hosts: readonly [Namespace, Namespace]
    let joined: JoinedTuns

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'mp-extended-'))
      preload = join(folder, 'extend.so')
      execFileSync('cc', ['-shared', '-fPIC', '-D_GNU_SOURCE', source, '-o', preload])
      lab = await createLab()
      hosts = [await lab.namespace('a'), await lab.namespace('b')]
    })
    afterEach(async () => {
      await joined.close()
      if (joined.pool.inUse !== 0) throw new Error(`${joined.pool.inUse} slots are still out`)
    })
    afterAll(async () => {
      rmSync(folder, { recursive: true })
      await lab?.dispose()
    })

    it.each([true, false])('are cut as others, checksums begun only: %s', async (partialChecksums) => {
      const wishes = { partialChecksums }
      joined = await joinTuns({ io, hosts, aOptions: wishes, bOptions: wishes })
      const { sent, received } = await transfer(hosts, HOST_IPS[6][1], {
        bytes: 3_000_000,
        connections: 2,
        preload,
      })
      expect(received).toEqual(sent)
      expect(joined.a.offloads()).toMatchObject({ checksum: true, tso: true })
      expect(joined.a.stats().drops['malformed']).toBe(0)
      expect(await snmp(hosts[1], 'Tcp', 'InCsumErrors')).toBe(0)
    })
  },
)
