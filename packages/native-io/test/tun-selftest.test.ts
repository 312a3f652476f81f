import { fileURLToPath } from 'node:url'
import { loadNativeIo, type TunOffloads, type TunOffloadsInUse } from '@mp/native-io'
import { createLab, type Lab, type Namespace, requires } from '@mp/netlab'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPreload, compiler, type Preload } from './preload.ts'

const needs = { native: loadNativeIo().io !== undefined, linux: process.platform === 'linux', compiler }
const missing = requires(['root', 'tun', 'netns'], needs)
const program = fileURLToPath(new URL('fixtures/tun-offloads.mjs', import.meta.url))
const NO_NAMESPACES = ['setpriv', '--bounding-set', '-sys_admin']
const GSO = { tcp4: 1, tcp6: 4, udp: 5 } as const

interface Fault {
  readonly way: 'read' | 'write' | 'lose' | 'none'
  readonly gso: keyof typeof GSO
}

describe.skipIf(missing.length > 0)(
  'the test of TUN offloads [needs native, linux, compiler, root, tun, netns]',
  () => {
    let preload: Preload
    let lab: Lab
    let host: Namespace
    let kernel: TunOffloadsInUse

    beforeAll(async () => {
      preload = buildPreload('wrong-super-packets')
      lab = await createLab()
      host = await lab.namespace('host')
      kernel = await offloads({ way: 'none', gso: 'tcp4' })
    })
    afterAll(async () => {
      preload?.remove()
      await lab?.dispose()
    })

    /** What a process of its own has, whose kernel has a fault. */
    async function offloads(
      { way, gso }: Fault,
      {
        wishes = {},
        prefix = [],
        task = [],
      }: { wishes?: TunOffloads; prefix?: readonly string[]; task?: readonly string[] } = {},
    ): Promise<TunOffloadsInUse> {
      const fault = [`LD_PRELOAD=${preload.path}`, `MP_WAY=${way}`, `MP_GSO=${GSO[gso]}`]
      const command = ['env', ...fault, process.execPath, program, JSON.stringify(wishes), ...task]
      const [first, ...args] = [...prefix, ...command]
      return JSON.parse(await host.run(first!, args)) as TunOffloadsInUse
    }

    it('finds nothing wrong with a kernel that does what it says', () => {
      expect(kernel).toMatchObject({ checksum: true, tso: true, coalesce: true })
      expect(kernel.reason).toBeUndefined()
    })

    it.each(['tcp4', 'tcp6'] as const)('has super-packets of %s off when a byte is another', async (gso) => {
      const reason = 'a TCP super-packet was not read as it was sent in a test'
      expect(await offloads({ way: 'read', gso })).toEqual({ ...kernel, tso: false, reason })
    })

    it.each([
      ['write', 'tcp4'],
      ['write', 'tcp6'],
      ['lose', 'tcp4'],
      ['lose', 'tcp6'],
    ] as const)('has coalescing off when the fault is %s %s', async (way, gso) => {
      const reason = 'packets written together did not arrive as one in a test'
      expect(await offloads({ way, gso })).toEqual({ ...kernel, coalesce: false, reason })
    })

    it.each(['read', 'write', 'lose'] as const)('has UDP off when the fault is %s', async (way) => {
      const off = { uso: false, reason: 'a UDP super-packet did not pass as it was sent in a test' }
      // A kernel that has no UDP super-packets cannot get them wrong.
      expect(await offloads({ way, gso: 'udp' })).toEqual({ ...kernel, ...(kernel.uso && off) })
    })

    it('says nothing about what was not wished for', async () => {
      const wishes = { tso: false }
      expect(await offloads({ way: 'read', gso: 'tcp4' }, { wishes })).toEqual({ ...kernel, tso: false })
    })

    it('is left out where the process may not make a namespace', async () => {
      expect(await offloads({ way: 'read', gso: 'tcp4' }, { prefix: NO_NAMESPACES })).toEqual(kernel)
    })

    it('missed a fault that shows at work: it is told once, and the packets go one by one', async () => {
      const reason = 'it did not take packets that were joined'
      const losses = [{ of: expect.stringMatching(/^TUN device tun\d+$/), offloads: ['coalesce'], reason }]
      expect(
        await offloads({ way: 'write', gso: 'tcp4' }, { prefix: NO_NAMESPACES, task: ['write'] }),
      ).toEqual({ ...kernel, coalesce: false, reason, losses })
    })
  },
)
