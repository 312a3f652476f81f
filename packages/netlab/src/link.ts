import { run, words } from './process.ts'
import type { Namespace } from './namespace.ts'

/** What the kernel takes as the name of a device (at most IFNAMSIZ - 1 bytes), and what needs no quotes. */
const DEVICE_NAME = /^[A-Za-z0-9_.-]{1,15}$/

/**
 * Both ends of every link have this address and do not ask for the other's: a link is a wire between two hosts, and
 * neighbour discovery would add seconds of its own after each cut.
 */
const MAC = '02:00:00:00:00:01'

/** What a wire between two namespaces is like. */
export interface LinkOptions {
  /** Name of the device at both ends, at most 15 characters. Default `link1`, `link2`, … */
  readonly name?: string
  /** Addresses with prefix length, such as `10.77.1.1/24` or `['10.77.1.1/24', 'fd00:77::1/64']`. */
  readonly aAddress: string | readonly string[]
  readonly bAddress: string | readonly string[]
  /** Rate of each direction, Mbit/s, Ethernet headers included. Default: as fast as the machine goes. */
  readonly rateMbit?: number
  /** Longest wait in the queue of each direction when a rate is set, milliseconds. Default 50. */
  readonly queueMs?: number
  /** Largest IP packet, bytes. Default 1500. */
  readonly mtuBytes?: number
}

/** One direction of a link, seen from the names given to {@link LinkOptions}. */
export type Direction = 'a-to-b' | 'b-to-a'

/** Counters of one end since the link was made. */
export interface EndCounters {
  readonly rxBytes: number
  readonly rxPackets: number
  readonly txBytes: number
  readonly txPackets: number
}

/** A wire between two namespaces. */
export interface LabLink {
  readonly name: string
  readonly a: Namespace
  readonly b: Namespace
  /** A black hole: every packet vanishes, the carrier stays and nobody is told. Default: both directions. */
  cut(direction?: Direction): Promise<void>
  /** Ends a {@link cut}, in both directions. */
  restore(): Promise<void>
  /** Pulls the plug: both ends see the carrier go. Routes over the link are forgotten, its addresses are kept. */
  down(): Promise<void>
  up(): Promise<void>
  /** Sets the rate of both directions, Mbit/s. What waits in the queues is lost. */
  setRate(rateMbit: number): Promise<void>
  counters(): Promise<{ readonly a: EndCounters; readonly b: EndCounters }>
}

/**
 * Joins two namespaces by a veth pair with a token bucket at each end.
 * @throws RangeError for a device name the kernel would refuse; Error when the kernel refuses something else.
 */
export async function createLink(
  a: Namespace,
  b: Namespace,
  options: LinkOptions & { readonly name: string },
): Promise<LabLink> {
  const { queueMs = 50, mtuBytes = 1500, rateMbit } = options
  const name = checkedDeviceName(options.name)
  const both = async (act: (end: Namespace) => Promise<void>): Promise<void> => {
    await Promise.all([act(a), act(b)])
  }
  const setRate = (mbit: number): Promise<void> =>
    both((end) => limit(end, name, { rateMbit: mbit, queueMs }))

  const half = ({ netns }: Namespace): string => `name ${name} netns ${netns} address ${MAC} mtu ${mtuBytes}`
  await run('ip', words(`link add ${half(a)} type veth peer ${half(b)}`))
  await configure(a, name, [options.aAddress].flat())
  await configure(b, name, [options.bAddress].flat())
  if (rateMbit !== undefined) await setRate(rateMbit)
  return {
    name,
    a,
    b,
    cut: async (direction) => {
      if (direction !== 'b-to-a') await dropArriving(b, name)
      if (direction !== 'a-to-b') await dropArriving(a, name)
    },
    restore: () => both((end) => acceptArriving(end, name)),
    down: () => both((end) => setState(end, name, 'down')),
    up: () => both((end) => setState(end, name, 'up')),
    setRate,
    counters: async () => ({ a: await counters(a, name), b: await counters(b, name) }),
  }
}

/** Answers `name`. Throws RangeError when the kernel would refuse it for a device. */
export function checkedDeviceName(name: string): string {
  if (DEVICE_NAME.test(name)) return name
  throw new RangeError(`the name of a link is 1 to 15 letters, digits, "_", "." or "-"; found "${name}"`)
}

async function configure(end: Namespace, device: string, addresses: readonly string[]): Promise<void> {
  const ip = (command: string): Promise<string> => run('ip', words(`-n ${end.netns} ${command}`))
  await ip(`link set ${device} arp off addrgenmode none`)
  for (const address of addresses) await ip(`addr add ${address} dev ${device}`)
  await setState(end, device, 'up')
}

async function setState({ netns }: Namespace, device: string, state: 'up' | 'down'): Promise<void> {
  await run('ip', words(`-n ${netns} link set ${device} ${state}`))
}

/** A token bucket that holds 1 ms of the rate, but at least ten packets: offloaded ones come in trains. */
async function limit(
  { netns }: Namespace,
  device: string,
  { rateMbit, queueMs }: { readonly rateMbit: number; readonly queueMs: number },
): Promise<void> {
  const burstBytes = Math.max(15_140, Math.round((rateMbit * 1e6) / 8 / 1000))
  const bucket = `tbf rate ${rateMbit}mbit burst ${burstBytes} latency ${queueMs}ms`
  await run('tc', words(`-n ${netns} qdisc replace dev ${device} root ${bucket}`))
}

/**
 * Drops what comes in from the wire. At ingress, and with nft: a drop at egress would be reported to the sender
 * as an error, and traffic control filters are not in every kernel.
 */
async function dropArriving(namespace: Namespace, device: string): Promise<void> {
  await acceptArriving(namespace, device)
  const table = tableOf(device)
  const hook = `{ type filter hook ingress device "${device}" priority 0; policy drop; }`
  await namespace.run('nft', words(`add table netdev ${table}`))
  await namespace.run('nft', [`add chain netdev ${table} arriving ${hook}`])
}

async function acceptArriving(namespace: Namespace, device: string): Promise<void> {
  // Fails when the link is not cut; then there is nothing to undo.
  await namespace.exec('nft', words(`delete table netdev ${tableOf(device)}`))
}

const tableOf = (device: string): string => `cut_${device.replaceAll(/[.-]/g, '_')}`

async function counters({ netns }: Namespace, device: string): Promise<EndCounters> {
  interface Side {
    readonly bytes: number
    readonly packets: number
  }
  const text = await run('ip', ['-n', netns, '-s', '-json', 'link', 'show', 'dev', device])
  const [link] = JSON.parse(text) as [{ readonly stats64: { readonly rx: Side; readonly tx: Side } }]
  const { rx, tx } = link.stats64
  return { rxBytes: rx.bytes, rxPackets: rx.packets, txBytes: tx.bytes, txPackets: tx.packets }
}
