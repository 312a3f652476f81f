import type { Drops } from '@mp/interface'
import type { LineStats } from '@mp/testkit'
import type { FlowStats, Sample } from './measure.ts'
import type { Rig } from './rig.ts'
import type { Direction } from './scenario.ts'

/** What the counters of a line were at the last look. */
type Before = Pick<LineStats, 'inBytes' | 'outBytes' | 'inPackets' | 'drops'>

const NOTHING: Before = { inBytes: 0, outBytes: 0, inPackets: 0, drops: {} }

/** Says every 100 ms what each line and the tunnel did since the last time, for finding out why a row is what it is. */
export class Trace {
  readonly #direction: Direction
  readonly #print: (line: string) => void
  #before: Before[] = []
  #counters: Record<string, number> = {}
  #retransmits = 0

  constructor(direction: Direction, print: (line: string) => void) {
    this.#direction = direction
    this.#print = print
  }

  sample({ rig, atMs, mbit, flow }: Sample): void {
    const stats = rig.lines.map((line) => {
      const { forward, backward } = line.stats()
      return this.#direction === 'up' ? forward : backward
    })
    const sent = stats.map((each, index) => each.inBytes - (this.#before[index] ?? NOTHING).inBytes)
    const total = sent.reduce((sum, bytes) => sum + bytes, 0)
    const lines = stats.map((each, index) =>
      this.#lineText(rig, index, { each, share: sent[index]! / (total || 1) }),
    )
    const seconds = (atMs / 1000).toFixed(1).padStart(5)
    this.#print(`${seconds} s  ${this.#flowText(mbit, flow)}  |  ${lines.join('  |  ')}${this.#changes(rig)}`)
    this.#before = stats
  }

  #flowText(mbit: number, { cwndPackets, rttMs, retransmits }: FlowStats): string {
    const again = retransmits - this.#retransmits
    this.#retransmits = retransmits
    const window = `cwnd ${cwndPackets.toFixed(0).padStart(4)} rtt ${rttMs.toFixed(0).padStart(3)} ms`
    return `${mbit.toFixed(1).padStart(5)} Mbit/s ${window} again ${String(again).padStart(3)}`
  }

  #lineText(rig: Rig, index: number, { each, share }: { each: LineStats; share: number }): string {
    const before = this.#before[index] ?? NOTHING
    const line = rig.lineAt(index, this.#direction)
    const mbit = ((each.inBytes - before.inBytes) * 8) / 1e5
    const queueMs = (each.queuedBytes * 8000) / line.rateBps
    const drops = differences(each.drops, before.drops)
    return `${rig.pathText(index, this.#direction)} ${mbit.toFixed(1).padStart(6)} Mbit/s ${percent(share)} queue ${queueMs.toFixed(0).padStart(3)} ms${listed(drops)}`
  }

  /** Every number in the statistics of both ends that is not of a line and changed, by its place. */
  #changes(rig: Rig): string {
    const now = {
      ...numbersIn('client', rig.client.tunnel.stats()),
      ...numbersIn('server', rig.server.tunnel.stats()),
    }
    const changed = differences(now, this.#counters)
    this.#counters = now
    return listed(changed)
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(0).padStart(3)}%`

function listed(numbers: Record<string, number>): string {
  const all = Object.entries(numbers)
  return all.length === 0
    ? ''
    : ` [${all.map(([name, by]) => `${name} ${by > 0 ? '+' : ''}${Number(by.toFixed(2))}`).join(', ')}]`
}

function differences(now: Drops, before: Drops): Record<string, number> {
  const entries = Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? 0)] as const)
  return Object.fromEntries(entries.filter(([, by]) => by !== 0))
}

/** Counters of packets and bytes, and of links and probes, are told by the lines themselves. */
const TOLD = /^(tx|rx)(Frames|Bytes|Packets)$|^(prober|link|tun|listeners)$|Address$|^(id|weight|slotsInUse)$/

/** Whatever numbers there are in `value`, also in parts that did not exist when this was written. */
function numbersIn(place: string, value: unknown): Record<string, number> {
  if (typeof value === 'number') return Number.isFinite(value) ? { [place]: value } : {}
  if (typeof value !== 'object' || value === null) return {}
  const parts = Object.entries(value)
    .filter(([name]) => !TOLD.test(name))
    .map(([name, part]) => numbersIn(`${place}.${name}`, part))
  return Object.assign({}, ...parts)
}
