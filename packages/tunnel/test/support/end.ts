import { Mempool } from '@mp/mempool'
import { AdaptiveScheduler, CfsScheduler } from '@mp/scheduler-cfs'
import { memoryTun } from '@mp/testkit'
import type { MemoryTun, SimRuntime } from '@mp/testkit'
import { fragmenter } from '@mp/udpmux'
import type { TunnelClient } from '../../src/client.ts'
import type { TunnelOptions } from '../../src/core.ts'
import type { TunnelEvent } from '../../src/events.ts'
import type { TunnelServer } from '../../src/server.ts'
import type { PathStats, TunnelStats } from '../../src/stats.ts'
import type { TraceSwitch } from '../../src/trace.ts'
import { Tap } from './tap.ts'

export type Side = 'client' | 'server'

/** One end of a tunnel and what it stands on. */
export interface End<T = TunnelClient | TunnelServer> {
  readonly side: Side
  readonly tunnel: T
  readonly pool: Mempool
  readonly tun: MemoryTun
  /** All frames between it and its transports. */
  readonly tap: Tap
  readonly events: TunnelEvent[]
  readonly trace: TraceSwitch
}

/** An end before its tunnel is made. */
export type Base = Omit<End, 'tunnel'>

export interface BaseOptions {
  readonly mtuBytes?: number
  /** Slots of the pool. Default 4096. */
  readonly slots?: number
  /** Packets that the TUN takes until the test makes room. */
  readonly tunRoom?: number
  readonly createPool?: (slots: number) => Mempool
  /** Paths are shared by what they carry. Default false: by weight. */
  readonly isAdaptive?: boolean
  /** Packets that no path takes whole are cut. Default true. */
  readonly fragment?: boolean
}

export function baseOf(side: Side, options: BaseOptions): Base {
  const { slots = 4096, mtuBytes = 1400, tunRoom: receiveLimitPackets = 100_000 } = options
  const pool = options.createPool?.(slots) ?? new Mempool({ classes: [{ packetBytes: 1920, slots }] })
  const tun = memoryTun({ pool, mtuBytes, name: side, receiveLimitPackets })
  return {
    side,
    pool,
    tun,
    tap: new Tap(pool),
    events: [],
    trace: { decisions: undefined, packets: undefined },
  }
}

/** What both tunnels are made with; `trace` gets a line for all that happens. */
export function tunnelOptionsOf(
  { side, pool, tun, events, trace: toTrace }: Base,
  runtime: SimRuntime,
  trace: string[],
  { isAdaptive = false, fragment = true }: Pick<BaseOptions, 'isAdaptive' | 'fragment'> = {},
) {
  return {
    isAdaptive,
    fragment,
    trace: toTrace,
    runtime,
    pool,
    tun,
    createScheduler: () => (isAdaptive ? new AdaptiveScheduler<never>() : new CfsScheduler<never>()),
    createFragmenter: () => fragmenter({ pool }),
    onTunClose: (error?: Error) => trace.push(`${side} lost its TUN: ${error?.message}`),
    onEvent: (event: TunnelEvent) => {
      events.push(event)
      trace.push(`${side} ${JSON.stringify(event)}`)
    },
  } satisfies TunnelOptions
}

export const statsOf = ({ tunnel }: End): TunnelStats => tunnel.stats()

export function pathsOf(end: End): readonly PathStats[] {
  return statsOf(end).sessions[0]?.paths ?? []
}

export function healthyPaths(end: End): readonly PathStats[] {
  return pathsOf(end).filter(({ use, prober }) => use === 'active' && prober.state === 'normal')
}

/** How often something happened to an end. */
export function countOf({ events }: End, type: TunnelEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

/** Why the sessions of an end were closed, in order. */
export const closeReasons = ({ events }: End): string[] =>
  events.flatMap((event) => (event.type === 'closed' ? [event.reason] : []))

/** What an end dropped while `body` ran, by name. */
export async function dropsOf(end: End, body: () => unknown): Promise<Record<string, number>> {
  const before = statsOf(end).drops
  await body()
  const after = Object.entries(statsOf(end).drops)
  return Object.fromEntries(
    after
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )
}
