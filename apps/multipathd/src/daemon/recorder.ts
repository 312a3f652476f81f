import type { Runtime, Timer } from '@mp/interface'
import type { TunnelStats } from '@mp/tunnel'
import { RateMeter } from './rate-meter.ts'
import type { PathSnapshot, PeerSnapshot, Snapshot } from './snapshot.ts'

/** What charts show of a snapshot. */
export interface Moment extends Pick<Snapshot, 'takenAt'> {
  readonly peers: readonly (Pick<PeerSnapshot, 'name'> & { readonly paths: readonly PathMoment[] })[]
}

/** Rates are those since the moment before. */
export type PathMoment = Pick<
  PathSnapshot,
  | 'id'
  | 'name'
  | 'state'
  | 'txBps'
  | 'rxBps'
  | 'rttMs'
  | 'queueDelayMs'
  | 'probeLossRatio'
  | 'congestionLossRatio'
  | 'radioLossRatio'
>

/** A look at all paths costs something where there are many: rarely enough not to be felt, ms. */
const STEP_MS = 5000
/** Five minutes. */
const MAX_MOMENTS = 60
/** Paths that are remembered of a moment: those of the peers that carry most. A client has no more. */
const MAX_PATHS = 32

export interface RecorderParts {
  readonly runtime: Pick<Runtime, 'nowMs' | 'setTimer'>
  readonly stats: () => TunnelStats
  /** How all is, with these rates. */
  readonly snapshot: (stats: TunnelStats, rates: RateMeter) => Snapshot
}

/** Remembers the last minutes, so that who begins to look sees where things come from. */
export class Recorder {
  readonly #parts: RecorderParts
  readonly #rates = new RateMeter()
  readonly #moments: Moment[] = []
  #timer: Timer | undefined

  constructor(parts: RecorderParts) {
    this.#parts = parts
  }

  /** The oldest first. */
  get moments(): readonly Moment[] {
    return this.#moments
  }

  start(): void {
    this.#rates.sample(this.#parts.stats())
    this.#wait()
  }

  close(): void {
    this.#timer?.cancel()
  }

  #wait(): void {
    const { runtime } = this.#parts
    this.#timer = runtime.setTimer(runtime.nowMs() + STEP_MS, () => {
      this.#record()
      this.#wait()
    })
  }

  #record(): void {
    const stats = this.#parts.stats()
    this.#rates.sample(stats)
    this.#moments.push(momentOf(this.#parts.snapshot(stats, this.#rates)))
    if (this.#moments.length > MAX_MOMENTS) this.#moments.shift()
  }
}

function momentOf({ takenAt, peers }: Snapshot): Moment {
  let count = 0
  const busiest = peers.toSorted((a, b) => load(b) - load(a))
  const remembered = busiest.filter(({ paths }) => (count += paths.length) <= MAX_PATHS)
  return { takenAt, peers: remembered.map(({ name, paths }) => ({ name, paths: paths.map(pathMoment) })) }
}

const load = ({ txBps, rxBps }: PeerSnapshot): number => (txBps ?? 0) + (rxBps ?? 0)

function pathMoment(path: PathSnapshot): PathMoment {
  const { id, name, state, txBps, rxBps, rttMs, queueDelayMs } = path
  const { probeLossRatio, congestionLossRatio, radioLossRatio } = path
  const losses = { probeLossRatio, congestionLossRatio, radioLossRatio }
  return { id, name, state, txBps, rxBps, rttMs, queueDelayMs, ...losses }
}
