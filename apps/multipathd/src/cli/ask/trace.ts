import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { CapturedPacket } from '../../control/commands/trace.ts'
import { ExitError } from '../explain.ts'
import type { Io } from '../io.ts'
import { STDOUT, print, unwritten } from '../print.ts'
import { askDaemon } from './daemon.ts'
import type { DaemonFlags } from './daemon.ts'
import { PcapngWriter } from './pcapng.ts'

export interface TraceFlags extends DaemonFlags {
  /** The file, `-` for standard output. */
  readonly pcap?: string
  readonly snap?: number
  /** Seconds; for ever without. */
  readonly duration?: number
}

/** Shows decisions, an object a line, or writes packets, until the time is over, it is interrupted or the daemon ends. */
export async function runTrace({ pcap, snap, duration, ...flags }: TraceFlags, io: Io): Promise<void> {
  await askDaemon(flags, io, async (client) => {
    // To close the connection is to end what it streams.
    const timer = duration === undefined ? undefined : setTimeout(() => client.finish(), duration * 1000)
    const interrupt = (): void => client.finish()
    process.once('SIGINT', interrupt)
    try {
      if (pcap === undefined) {
        for await (const entry of client.subscribe('trace'))
          await print(io.stdout, `${JSON.stringify(entry)}\n`)
      } else {
        const file = await openFile(pcap)
        const packets = client.subscribe('capture', snap === undefined ? {} : { snapBytes: snap })
        await writePackets(packets as AsyncIterable<CapturedPacket>, file)
      }
    } finally {
      clearTimeout(timer)
      process.off('SIGINT', interrupt)
    }
  })
}

/** Before any packet is asked for: a place that cannot be written to is told at once. */
async function openFile(name: string): Promise<Writable> {
  if (name === '-') return process.stdout
  const file = createWriteStream(name)
  await once(file, 'open')
  return file
}

async function writePackets(packets: AsyncIterable<CapturedPacket>, file: Writable): Promise<void> {
  const isStdout = file === process.stdout
  try {
    await pipeline(pcapOf(packets), file, { end: !isStdout })
  } catch (error) {
    if (error instanceof ExitError) throw error
    throw unwritten(isStdout ? STDOUT : 'the file', error)
  }
}

async function* pcapOf(packets: AsyncIterable<CapturedPacket>): AsyncGenerator<Buffer> {
  const writer = new PcapngWriter()
  yield writer.header()
  for await (const { data, at, missed, ...about } of packets) {
    const bytes = Buffer.from(data, 'base64')
    const comment = missed === 0 ? undefined : `${missed} packets before it are missing: they came too fast`
    yield writer.packet({ ...about, bytes, atMs: Date.parse(at), comment })
  }
}
