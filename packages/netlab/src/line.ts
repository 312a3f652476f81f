import { buildEmulator } from './emulator.ts'
import { checkedDeviceName } from './link.ts'
import type { Direction } from './link.ts'
import type { Namespace } from './namespace.ts'
import { run, start, words } from './process.ts'
import type { Running } from './process.ts'

/** What one direction of an emulated line is like. */
export interface LineProfile {
  /** Bits of IP packets per second, Mbit/s. Default: no limit. */
  readonly rateMbit?: number
  /** From one end to the other, ms, beside the time that rate and queue take. Default 0. */
  readonly delayMs?: number
  /** Added to the delay, drawn anew every 10 ms from 0…jitterMs; nothing is reordered. Default 0. */
  readonly jitterMs?: number
  /** Share of the packets that are lost after they have used the line, 0…1. Default 0. */
  readonly lossRatio?: number
  /** Mean number of packets in a row that are lost, where some are. Default: each is lost or not by itself. */
  readonly lossBurstPackets?: number
  /** Longest wait for the line, ms; what would wait longer is dropped. Default 50. */
  readonly queueMs?: number
}

/** What an emulated line between two namespaces is like. */
export interface LineOptions {
  /** Name of the device at both ends, at most 15 characters. Default `line1`, `line2`, … */
  readonly name?: string
  /** As in `LinkOptions`. */
  readonly aAddress: string | readonly string[]
  readonly bAddress: string | readonly string[]
  /** Both directions. */
  readonly profile?: LineProfile
  /** What is different from a to b, or from b to a. */
  readonly aToB?: LineProfile
  readonly bToA?: LineProfile
  /** Largest IP packet, bytes. Default 1500. */
  readonly mtuBytes?: number
  /** Seed of what is lost and how delays vary. Default 1. */
  readonly seed?: number
}

/** What became of the packets of one direction. */
export interface LineCounters {
  readonly offeredPackets: number
  readonly sentPackets: number
  readonly sentBytes: number
  /** Dropped because they would have waited too long. */
  readonly queueDrops: number
  /** Lost by chance. */
  readonly lost: number
  /** Swallowed while the line was cut. */
  readonly cutDrops: number
  /** Not taken by the device at the other end. */
  readonly deviceDrops: number
}

/** An emulated line. */
export interface LabLine {
  readonly name: string
  /** Changes what is named; what is under way stays as it was. Default: both directions. */
  set(changes: LineProfile, direction?: Direction): Promise<void>
  /** A black hole, what is under way included: nobody is told. Default: both directions. */
  cut(direction?: Direction): Promise<void>
  /** Ends a {@link cut}, in both directions. */
  restore(): Promise<void>
  counters(): Promise<Readonly<Record<Direction, LineCounters>>>
}

const DIRECTIONS: readonly Direction[] = ['a-to-b', 'b-to-a']
const DEFAULT_QUEUE_MS = 50
/** The queue of a line is the emulator's: its device must hold what arrives while the emulator waits for a core. */
const DEVICE_QUEUE_PACKETS = 10_000

interface Ends {
  readonly a: Namespace
  readonly b: Namespace
  /** Takes the emulator in charge. */
  readonly own: (running: Running) => void
}

/** Makes an emulated line. Rejects when the emulator cannot be built or started. */
export async function createLine(
  { a, b, own }: Ends,
  options: LineOptions & { readonly name: string },
): Promise<LabLine> {
  const { mtuBytes = 1500, seed = 1, profile } = options
  const name = checkedDeviceName(options.name)
  const emulator = start(await buildEmulator(), [a.netns, name, b.netns, name, `${seed}`], {
    keepsInput: true,
  })
  own(emulator)
  await emulator.waitFor(/^ready$/m)
  const ask = dialogue(emulator)
  const state: Record<Direction, LineProfile & { readonly isCut?: boolean }> = {
    'a-to-b': { ...profile, ...options.aToB },
    'b-to-a': { ...profile, ...options.bToA },
  }
  const change = async (direction: Direction | undefined, changes: LineProfile & { isCut?: boolean }) => {
    for (const each of direction === undefined ? DIRECTIONS : [direction]) {
      state[each] = { ...state[each], ...changes }
      await ask(`set ${DIRECTIONS.indexOf(each)} ${settings(state[each])}`)
    }
  }
  await change(undefined, {})
  await configure(a, { name, mtuBytes, addresses: [options.aAddress].flat() })
  await configure(b, { name, mtuBytes, addresses: [options.bAddress].flat() })
  return {
    name,
    set: (changes, direction) => change(direction, changes),
    cut: (direction) => change(direction, { isCut: true }),
    restore: () => change(undefined, { isCut: false }),
    counters: async () => ({
      'a-to-b': counters(await ask('count 0')),
      'b-to-a': counters(await ask('count 1')),
    }),
  }
}

async function configure(
  { netns }: Namespace,
  device: { readonly name: string; readonly mtuBytes: number; readonly addresses: readonly string[] },
): Promise<void> {
  const { name, mtuBytes, addresses } = device
  const ip = (command: string): Promise<string> => run('ip', words(`-n ${netns} ${command}`))
  await ip(`link set ${name} mtu ${mtuBytes} txqueuelen ${DEVICE_QUEUE_PACKETS} addrgenmode none`)
  for (const address of addresses) await ip(`addr add ${address} dev ${name} nodad`)
  await ip(`link set ${name} up`)
}

/** Sends the emulator one command at a time. A command is answered by one line. */
function dialogue({ child, exited }: Running): (command: string) => Promise<string> {
  let last: Promise<unknown> = Promise.resolve()
  const send = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      child.stdout.once('data', (chunk: string) => resolve(chunk.trim()))
      exited.then(({ stderr }) => reject(new Error(`the line has ended: ${stderr}`)), reject)
      child.stdin.write(`${command}\n`)
    })
  return (command) => {
    const answer = last.then(() => send(command))
    last = answer.catch(() => undefined)
    return answer
  }
}

function settings(profile: LineProfile & { readonly isCut?: boolean }): string {
  const { rateMbit = 0, delayMs = 0, jitterMs = 0, queueMs = DEFAULT_QUEUE_MS, isCut } = profile
  const { first, next } = lossChances(profile)
  const millionths = [rateMbit * 1e6, delayMs * 1e3, jitterMs * 1e3, first * 1e6, next * 1e6, queueMs * 1e3]
  return `${millionths.map(Math.round).join(' ')} ${isCut === true ? 1 : 0}`
}

/** Of a packet to be lost, and of the one behind a lost one (the model of Gilbert). */
function lossChances({ lossRatio = 0, lossBurstPackets }: LineProfile): {
  readonly first: number
  readonly next: number
} {
  if (lossBurstPackets === undefined) return { first: lossRatio, next: lossRatio }
  return { first: lossRatio / (lossBurstPackets * (1 - lossRatio)), next: 1 - 1 / lossBurstPackets }
}

function counters(answer: string): LineCounters {
  const [
    offeredPackets = 0,
    sentPackets = 0,
    sentBytes = 0,
    queueDrops = 0,
    lost = 0,
    cutDrops = 0,
    deviceDrops = 0,
  ] = answer.split(' ').slice(1).map(Number)
  return { offeredPackets, sentPackets, sentBytes, queueDrops, lost, cutDrops, deviceDrops }
}
