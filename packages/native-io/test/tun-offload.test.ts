import { loadNativeIo, type NativeTunOptions } from '@mp/native-io'
import { createLab, type Lab, type Namespace, requires } from '@mp/netlab'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HOST_IPS, joinTuns, type JoinedTuns, snmp, transfer } from './joined-tuns.ts'

const io = loadNativeIo().io!
const missing = requires(['root', 'tun', 'netns', 'iperf3', 'ethtool'], { native: io !== undefined })
const OFF = { checksum: false, tso: false, uso: false, coalesce: false }

type Wishes = Partial<NativeTunOptions>
const WISHES: [string, Wishes][] = [
  ['everything, checksums begun only', { partialChecksums: true }],
  ['everything, checksums whole', {}],
  ['no coalescing', { partialChecksums: true, offload: { coalesce: false } }],
  ['no TCP super-packets', { partialChecksums: true, offload: { tso: false } }],
  ['coalescing only', { offload: { ...OFF, coalesce: true } }],
  ['nothing', { offload: OFF }],
  ['a batch smaller than a super-packet', { partialChecksums: true, batchSize: 16 }],
]

describe.skipIf(missing.length > 0)(
  'TUN offloads between two kernels [needs native, root, tun, netns, iperf3, ethtool]',
  () => {
    let lab: Lab
    let hosts: readonly [Namespace, Namespace]
    let joined: JoinedTuns | undefined

    beforeAll(async () => {
      lab = await createLab()
      hosts = [await lab.namespace('a'), await lab.namespace('b')]
    })
    afterEach(async () => {
      await joined?.close()
      const inUse = joined?.pool.inUse ?? 0
      if (inUse !== 0) throw new Error(`${inUse} slots are still out`)
      joined = undefined
    })
    afterAll(() => lab?.dispose())

    const join = async (aOptions?: Wishes, bOptions?: Wishes): Promise<JoinedTuns> => {
      joined = await joinTuns({ io, hosts, ...(aOptions && { aOptions }), ...(bOptions && { bOptions }) })
      return joined
    }

    describe.each(WISHES)('with %s', (_name, wishes) => {
      it.each([4, 6] as const)('carries TCP over IPv%d unharmed, in packets of the MTU', async (family) => {
        const { seen, a } = await join(wishes, wishes)
        const { sent, received } = await transfer(hosts, HOST_IPS[family][1], {
          bytes: 3_000_000,
          connections: 3,
        })
        expect(received).toEqual(sent)
        expect(seen.largestBytes).toBe(a.mtuBytes)
        expect(seen.partial).toBe(wishes.partialChecksums === true)
        expect(await snmp(hosts[1], 'Tcp', 'InCsumErrors')).toBe(0)
      })
    })

    it('reads and writes many packets of a flow with one call each', async () => {
      const { a, b } = await join({ partialChecksums: true }, { partialChecksums: true })
      await transfer(hosts, HOST_IPS[4][1], { bytes: 20_000_000, connections: 1 })
      // The kernel counts a super-packet once, we count the packets it stands for.
      expect(await kernelPackets(hosts[0], a.name, 'tx')).toBeLessThan(a.stats().rxPackets / 4)
      expect(await kernelPackets(hosts[1], b.name, 'rx')).toBeLessThan(b.stats().txPackets / 4)
    })

    it('a side that has no offloads understands one that has them, both ways', async () => {
      await join({ partialChecksums: true }, { offload: OFF })
      const there = await transfer(hosts, HOST_IPS[4][1], { bytes: 1_000_000, connections: 1 })
      const back = await transfer([hosts[1], hosts[0]], HOST_IPS[6][0], { bytes: 1_000_000, connections: 1 })
      expect([there.received, back.received]).toEqual([there.sent, back.sent])
    })

    it('packets of other sizes than the last super-packet had are read whole', async () => {
      const { seen } = await join({ partialChecksums: true }, { partialChecksums: true })
      // Two families have headers of two lengths, and a small MSS makes segments of another size.
      await hosts[1].setSysctl('net/ipv4/tcp_mtu_probing', '0')
      await hosts[0].run('ip', [
        'route',
        'replace',
        `${HOST_IPS[4][1]}/32`,
        'dev',
        joined!.a.name,
        'advmss',
        '500',
      ])
      await hosts[1].run('ip', [
        'route',
        'replace',
        `${HOST_IPS[4][0]}/32`,
        'dev',
        joined!.b.name,
        'advmss',
        '500',
      ])
      const both = await Promise.all(
        ([4, 6] as const).map((family, index) =>
          transfer(hosts, HOST_IPS[family][1], { bytes: 2_000_000, connections: 2, port: 7200 + index }),
        ),
      )
      for (const { sent, received } of both) expect(received).toEqual(sent)
      expect(seen.largestBytes).toBe(1400)
    })

    it('does not vouch for a checksum that is whole and wrong', async () => {
      let packets = 0
      joined = await joinTuns({
        io,
        hosts,
        onBatch: (batch, { arena }) => {
          for (let row = 0; row < batch.count; row++) {
            // The last byte of every 50th large packet: the kernel behind has to find it, and TCP to send it again.
            const last = batch.offset[row]! + batch.length[row]! - 1
            if (batch.length[row]! > 1000 && ++packets % 50 === 0) arena[last]! ^= 1
          }
        },
      })
      const before = await snmp(hosts[1], 'Tcp', 'InCsumErrors')
      const { sent, received } = await transfer(hosts, HOST_IPS[4][1], { bytes: 1_000_000, connections: 1 })
      expect(received).toEqual(sent)
      expect(await snmp(hosts[1], 'Tcp', 'InCsumErrors')).toBeGreaterThan(before)
    })

    it('checksums begun only are finished for a host behind, whose wire does it itself', async () => {
      const behind = await lab.namespace('behind')
      const wire = await lab.link(hosts[1], behind, {
        aAddress: ['10.97.0.1/24', 'fd00:97::1/64'],
        bAddress: ['10.97.0.2/24', 'fd00:97::2/64'],
      })
      await hosts[1].run('ethtool', ['-K', wire.name, 'tx', 'off', 'tso', 'off', 'gso', 'off'])
      await hosts[1].setSysctl('net/ipv4/ip_forward', '1')
      await hosts[1].setSysctl('net/ipv6/conf/all/forwarding', '1')
      await join({ partialChecksums: true }, { partialChecksums: true })
      await hosts[0].run('ip', ['route', 'add', '10.97.0.0/24', 'via', HOST_IPS[4][1]])
      await hosts[0].run('ip', ['route', 'add', 'fd00:97::/64', 'via', HOST_IPS[6][1]])
      await behind.run('ip', ['route', 'add', '10.98.0.0/24', 'via', '10.97.0.1'])
      await behind.run('ip', ['route', 'add', 'fd00:98::/64', 'via', 'fd00:97::1'])
      for (const ip of ['10.97.0.2', 'fd00:97::2']) {
        const { sent, received } = await transfer([hosts[0], behind], ip, {
          bytes: 1_000_000,
          connections: 2,
        })
        expect(received).toEqual(sent)
      }
      expect(joined!.seen.partial).toBe(true)
      expect(await snmp(behind, 'Tcp', 'InCsumErrors')).toBe(0)
    })

    it.each([true, false])(
      'carries bursts of datagrams unharmed, checksums begun only: %s',
      async (partialChecksums) => {
        const { seen } = await join({ partialChecksums }, { partialChecksums })
        const server = hosts[1].spawn('iperf3', ['-s', '-1', '-B', HOST_IPS[4][1], '--json'])
        await hosts[1].run('sh', ['-c', 'until ss -ltn | grep -q 5201; do sleep 0.05; done'])
        const args = ['-c', HOST_IPS[4][1], '-u', '-b', '20M', '-l', '700', '-t', '1', '--json']
        const before = await snmp(hosts[1], 'Udp', 'InDatagrams')
        await hosts[0].run('iperf3', args)
        await server.exited
        expect(await snmp(hosts[1], 'Udp', 'InDatagrams')).toBeGreaterThan(before + 1000)
        expect(await snmp(hosts[1], 'Udp', 'InCsumErrors')).toBe(0)
        expect(seen.largestBytes).toBeGreaterThan(700)
      },
    )

    it('says which offloads act', async () => {
      const { a, b } = await join({}, { offload: { ...OFF, coalesce: true } })
      expect(a.offloads()).toMatchObject({ checksum: true, tso: true, coalesce: true })
      expect(b.offloads()).toEqual({ ...OFF, coalesce: true })
    })
  },
)

/** What the kernel counts at a device; a super-packet is one to it. */
async function kernelPackets(host: Namespace, name: string, way: 'rx' | 'tx'): Promise<number> {
  return Number(await host.run('cat', [`/sys/class/net/${name}/statistics/${way}_packets`]))
}
