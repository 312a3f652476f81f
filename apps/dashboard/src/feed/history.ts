import type { Moment, PathMoment } from './types.ts'
import { lossRatio } from './readings.ts'

/** What is drawn of a path over time. */
export const MEASURES = ['rxBps', 'txBps', 'rttMs', 'queueDelayMs', 'lossRatio'] as const
export type Measure = (typeof MEASURES)[number]

export type Column = readonly (number | null)[]

/** One line in the charts. */
export interface Track {
  readonly id: number
  readonly name: string
  readonly columns: Readonly<Record<Measure, Column>>
}

/** A peer over time: the columns of all tracks are as long as `seconds`. */
export interface PeerHistory {
  /** Seconds since 1970. */
  readonly seconds: readonly number[]
  readonly tracks: readonly Track[]
}

/** How far back charts go, and most points they have. */
export const WINDOW_SECONDS = 300
const MAX_POINTS = WINDOW_SECONDS + 1
/** A gap this long is one: nothing is drawn across it, seconds. The daemon remembers every fifth. */
const GAP_SECONDS = 7

interface MutableTrack extends Track {
  readonly columns: Record<Measure, (number | null)[]>
}

interface MutableHistory extends PeerHistory {
  readonly seconds: number[]
  readonly tracks: MutableTrack[]
}

type PeerMoment = Moment['peers'][number]

const EMPTY: PeerHistory = { seconds: [], tracks: [] }

/** The last minutes of each peer. Peers and paths that are gone are forgotten. */
export class History {
  readonly #peers = new Map<string, MutableHistory>()

  of(peer: string): PeerHistory {
    return this.#peers.get(peer) ?? EMPTY
  }

  /** Adds what the daemon remembers of the time before a page was there, or while it could not reach the daemon. */
  fill(moments: readonly Moment[]): void {
    const last = Math.max(0, ...[...this.#peers.values()].map(({ seconds }) => seconds.at(-1) ?? 0))
    for (const moment of moments) if (Date.parse(moment.takenAt) / 1000 > last) this.add(moment)
  }

  add({ takenAt, peers }: Moment): void {
    const second = Date.parse(takenAt) / 1000
    const names = new Set(peers.map(({ name }) => name))
    for (const name of this.#peers.keys()) if (!names.has(name)) this.#peers.delete(name)
    for (const peer of peers) {
      const history = this.#peers.get(peer.name) ?? { seconds: [], tracks: [] }
      this.#peers.set(peer.name, history)
      const last = history.seconds.at(-1)
      // The clock was set back: what is known lies in the future.
      if (last !== undefined && second < last) reset(history)
      else if (second === last) dropLast(history)
      else if (last !== undefined && second - last > GAP_SECONDS) append(history, last + 1, undefined)
      append(history, second, peer)
    }
  }
}

function reset({ seconds, tracks }: MutableHistory): void {
  seconds.length = 0
  tracks.length = 0
}

function dropLast({ seconds, tracks }: MutableHistory): void {
  seconds.pop()
  for (const { columns } of tracks) for (const measure of MEASURES) columns[measure].pop()
}

/** Adds a point, or a gap where `peer` is undefined. */
function append({ seconds, tracks }: MutableHistory, second: number, peer: PeerMoment | undefined): void {
  if (peer !== undefined) follow(tracks, peer.paths, seconds.length)
  seconds.push(second)
  for (const [index, { columns }] of tracks.entries()) {
    const path = peer?.paths[index]
    for (const measure of MEASURES) columns[measure].push(path === undefined ? null : valueOf(path, measure))
  }
  while (seconds.length > MAX_POINTS || seconds[0]! < second - WINDOW_SECONDS) {
    seconds.shift()
    for (const { columns } of tracks) for (const measure of MEASURES) columns[measure].shift()
  }
}

/** One track per path, in their order. */
function follow(tracks: MutableTrack[], paths: readonly PathMoment[], points: number): void {
  const wanted = paths.map(
    (path) => tracks.find(({ id, name }) => id === path.id && name === path.name) ?? newTrack(path, points),
  )
  tracks.splice(0, tracks.length, ...wanted)
}

function newTrack({ id, name }: PathMoment, points: number): MutableTrack {
  const column = (): (number | null)[] => Array.from({ length: points }, () => null)
  const columns = Object.fromEntries(MEASURES.map((measure) => [measure, column()]))
  return { id, name, columns: columns as Record<Measure, (number | null)[]> }
}

function valueOf(path: PathMoment, measure: Measure): number | null {
  if (measure === 'lossRatio') return lossRatio(path)
  // A lost path has no delay: what it had is no longer true.
  if (path.state === 'lost' && measure !== 'rxBps' && measure !== 'txBps') return null
  return path[measure]
}
