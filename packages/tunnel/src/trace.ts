import type { PacketBatch } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import type { CapacityReason } from '@mp/rate-control'
import type { TunnelPath } from './path.ts'

/** A decision of the tunnel. `atMs` is the runtime's clock; `peer` as in {@link TunnelEvent}. */
export type TraceEntry = { readonly atMs: number; readonly peer: string } & (
  | {
      /** A path came into the choice or left it; `reason` says why it left. */
      readonly type: 'path-use'
      readonly path: string
      readonly isUsed: boolean
      readonly reason: string | undefined
    }
  | {
      /** The estimate of what a path carries changed. */
      readonly type: 'capacity'
      readonly path: string
      readonly reason: CapacityReason
      readonly fromBps: number
      readonly toBps: number
      /** Delay above that of the empty path, ms, share of frames lost, 0…1, and rate of arrival. */
      readonly delayMs: number
      readonly lossRatio: number
      readonly deliveredBps: number
    }
  | {
      /** Frames found lost since the report before, and those sent again. */
      readonly type: 'repair'
      readonly lostFrames: number
      readonly repairedFrames: number
    }
)

/** A whole inner packet on its way; it is there during the call only. */
export interface TappedPacket {
  readonly peer: string
  readonly path: string
  readonly direction: 'in' | 'out'
  readonly bytes: Uint8Array
}

/**
 * Who wants to see what a tunnel does, while it runs: set a member to begin, take it away to end. What is not set costs
 * a look per report, resp. per packet. Neither may throw.
 */
export interface TraceSwitch {
  /** Told of decisions, at first of the last changes of capacity that are remembered. */
  decisions: ((entry: TraceEntry) => void) | undefined
  /** Shown every packet between the TUN and the paths, but for those that go in pieces. */
  packets: ((packet: TappedPacket) => void) | undefined
}

interface Way {
  readonly path: Pick<TunnelPath, 'name'>
  readonly direction: TappedPacket['direction']
}

interface TraceParts {
  readonly trace: TraceSwitch | undefined
  readonly peer: string
  readonly arena: Uint8Array
  readonly nowMs: () => number
}

/** What of one session is told to a {@link TraceSwitch}. */
export class SessionTrace {
  readonly #parts: TraceParts
  /** Counts of repairs that were told. */
  #lost = 0
  #repaired = 0

  constructor(parts: TraceParts) {
    this.#parts = parts
  }

  /** Tells of every path that comes into the choice or leaves it. */
  watch(paths: PathManager<TunnelPath>): void {
    paths.subscribe(({ type, path, reason }) => {
      if (type === 'append') return
      this.#tell({ type: 'path-use', path: path.name, isUsed: type === 'resume', reason })
    })
  }

  /** A report changed what is known of `path`. */
  handleReport({ name: path, sender }: TunnelPath): void {
    if (this.#parts.trace?.decisions === undefined || sender === undefined) return
    for (
      let event = sender.controller.pollEvent();
      event !== undefined;
      event = sender.controller.pollEvent()
    ) {
      const { from: fromBps, to: toBps, ...rest } = event
      this.#tell({ type: 'capacity', path, fromBps, toBps, ...rest })
    }
  }

  /** Lost frames were sent again, or given up: the counts so far. */
  handleRepairs(lost: number, repaired: number): void {
    if (this.#parts.trace?.decisions === undefined) return
    this.#tell({ type: 'repair', lostFrames: lost - this.#lost, repairedFrames: repaired - this.#repaired })
    this.#lost = lost
    this.#repaired = repaired
  }

  /** Somebody wants to see packets. */
  get isTapping(): boolean {
    return this.#parts.trace?.packets !== undefined
  }

  /** The whole inner packet in `row`, without any header of ours, goes or came over a path. */
  handlePacket(batch: PacketBatch, row: number, { path, direction }: Way): void {
    const { trace, peer, arena } = this.#parts
    const offset = batch.offset[row]!
    const bytes = arena.subarray(offset, offset + batch.length[row]!)
    trace?.packets?.({ peer, path: path.name, direction, bytes })
  }

  #tell(entry: Untold): void {
    const { trace, peer, nowMs } = this.#parts
    trace?.decisions?.({ atMs: nowMs(), peer, ...entry })
  }
}

type Untold = TraceEntry extends infer E
  ? E extends unknown
    ? Omit<E, 'atMs' | 'peer'> & { readonly atMs?: number }
    : never
  : never
