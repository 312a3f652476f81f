import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TunDevice } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import type { NativeIo } from '@mp/native-io'
import type { Namespace } from '@mp/netlab'
import { realWait, type TunDeviceFixture } from '@mp/testkit/conformance'
import { udpPacket } from './ip-packet.ts'

const KERNEL_IP = '10.99.0.1'
/** Where packets for the device go to. */
export const FAR_IP = '10.99.0.2'
const PORT = 7000

export interface NativeTunFixture extends TunDeviceFixture {
  readonly pool: Mempool
  dispose(): Promise<void>
}

/** A name that no interface of this machine has. */
export const randomName = (): string => `mpt${randomBytes(4).toString('hex')}`

/**
 * A TUN device whose kernel side is in `namespace`. It is opened here and then moved: its descriptor stays
 * with this process, and nothing of this machine's network is touched.
 */
export async function createTun(io: NativeIo, namespace: Namespace): Promise<NativeTunFixture> {
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 512 }] })
  const tun = io.openTun({ pool, name: randomName() })
  const program = await startProgram(tun, namespace)
  const received: Uint8Array[] = []
  program.lines.on('line', (hex: string) => received.push(Buffer.from(hex, 'hex')))
  return {
    pool,
    wait: realWait(),
    tun,
    kernelSend: (payload) => void program.child.stdin.write(`${Buffer.from(payload).toString('hex')}\n`),
    kernelReceived: () => received,
    packetFor: (payload) => udpPacket({ from: FAR_IP, to: KERNEL_IP, port: PORT }, payload),
    dispose: async () => {
      program.child.stdin.end()
      await tun.close()
    },
  }
}

interface Program {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: NodeJS.EventEmitter
}

async function startProgram({ name }: TunDevice, namespace: Namespace): Promise<Program> {
  const { netns } = namespace
  const commands = [`address add ${KERNEL_IP}/24 dev ${name}`, `link set dev ${name} up`]
  await runIp(['link', 'set', 'dev', name, 'netns', netns])
  await namespace.run('ip', ['-batch', '-'], { input: commands.join('\n') })
  const file = fileURLToPath(new URL('fixtures/udp-program.mjs', import.meta.url))
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, file, KERNEL_IP, FAR_IP, String(PORT)])
  const lines = createInterface(child.stdout)
  await once(lines, 'line')
  return { child, lines }
}

/** Runs `ip`; rejects when it fails. */
export async function runIp(args: readonly string[]): Promise<void> {
  const child = spawn('ip', args, { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number]
  if (code !== 0) throw new Error(`ip ${args.join(' ')} ended with ${code}`)
}
