import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import type { NativeIo, NativeTun, NativeTunOptions } from '@mp/native-io'
import type { Namespace } from '@mp/netlab'
import { randomName, runIp } from './tun-fixture.ts'

const PORT = 7100

/** Two hosts with a TUN device each; what one kernel sends the other gets. */
export interface JoinedTuns {
  readonly pool: Mempool
  readonly a: NativeTun
  readonly b: NativeTun
  /** Largest packet that crossed, bytes, and whether any had a checksum that was begun only. */
  readonly seen: { largestBytes: number; partial: boolean }
  close(): Promise<void>
}

export interface JoinOptions {
  readonly io: NativeIo
  readonly hosts: readonly [Namespace, Namespace]
  readonly aOptions?: Partial<NativeTunOptions>
  readonly bOptions?: Partial<NativeTunOptions>
  /** Does something to a batch on its way. */
  readonly onBatch?: (batch: PacketBatch, pool: Mempool) => void
}

export const HOST_IPS = { 4: ['10.98.0.1', '10.98.0.2'], 6: ['fd00:98::1', 'fd00:98::2'] } as const
const FLAG_PARTIAL = 8

export async function joinTuns({ io, hosts, aOptions, bOptions, onBatch }: JoinOptions): Promise<JoinedTuns> {
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 2048 }] })
  const open = (options?: Partial<NativeTunOptions>): NativeTun =>
    io.openTun({ pool, name: randomName(), mtuBytes: 1400, ...options })
  const [a, b] = [open(aOptions), open(bOptions)]
  const seen = { largestBytes: 0, partial: false }
  const pass = (to: NativeTun) => (batch: PacketBatch) => {
    for (let row = 0; row < batch.count; row++) {
      seen.largestBytes = Math.max(seen.largestBytes, batch.length[row]!)
      seen.partial ||= (batch.flags[row]! & FLAG_PARTIAL) !== 0
    }
    onBatch?.(batch, pool)
    to.write(batch)
    pool.releaseAll(batch)
  }
  for (const [index, tun] of [a, b].entries()) {
    const { netns } = hosts[index]!
    await runIp(['link', 'set', 'dev', tun.name, 'netns', netns])
    const commands = [
      `address add ${HOST_IPS[4][index]}/24 dev ${tun.name}`,
      `address add ${HOST_IPS[6][index]}/64 dev ${tun.name} nodad`,
      `link set ${tun.name} up`,
    ]
    await hosts[index]!.run('ip', ['-batch', '-'], { input: commands.join('\n') })
  }
  a.start({ onPackets: pass(b), onClose: () => {} })
  b.start({ onPackets: pass(a), onClose: () => {} })
  return {
    pool,
    a,
    b,
    seen,
    close: async () => {
      await Promise.all([a.close(), b.close()])
    },
  }
}

export interface Transfer {
  readonly bytes: number
  readonly connections: number
  /** Default 7100. */
  readonly port?: number
  /** A library that the sender is run with. */
  readonly preload?: string
}

/** Sends over TCP from one host to the other. @returns what each side counted, sorted. */
export async function transfer(
  [from, to]: readonly [Namespace, Namespace],
  ip: string,
  { bytes, connections, port = PORT, preload = '' }: Transfer,
): Promise<{ readonly sent: string[]; readonly received: string[] }> {
  const file = fileURLToPath(new URL('fixtures/tcp-transfer.mjs', import.meta.url))
  const args = (role: string): string[] => [file, role, ip, String(port), String(bytes), String(connections)]
  const receiver = to.spawn(process.execPath, args('receive'))
  const received: string[] = []
  const ready = new Promise<void>((resolve) => {
    createInterface(receiver.child.stdout).on('line', (line) => {
      if (line === 'ready') resolve()
      else received.push(line)
    })
  })
  await ready
  const command = [`LD_PRELOAD=${preload}`, process.execPath, ...args('send')]
  const sent = (await from.run('env', command)).trim().split('\n')
  await receiver.exited
  return { sent: sent.toSorted(), received: received.toSorted() }
}

/** A counter of `/proc/net/snmp` of a host, such as `Tcp`, `InCsumErrors`. */
export async function snmp(host: Namespace, protocol: string, name: string): Promise<number> {
  const lines = (await host.run('cat', ['/proc/net/snmp']))
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}:`))
  const [names = [], values = []] = lines.map((line) => line.split(' '))
  return Number(values[names.indexOf(name)])
}
