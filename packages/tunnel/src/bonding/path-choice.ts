import type { PacketBatch, PickRequest, Scheduler } from '@mp/interface'
import type { PathManager } from '@mp/path-manager'
import { CLASS_MASK, HEADER_BYTES, TAG_BYTES } from '@mp/wire'
import type { TunnelPath } from '../path.ts'
import { isCutBy } from './usable-paths.ts'

/** Asks a scheduler for the path of one packet after the other. */
export class PathChoice {
  /** What was asked last. */
  readonly request: PickRequest = { lengthBytes: 0, nowMs: 0, trafficClass: 0, flow: 0 }
  readonly #scheduler: Scheduler<TunnelPath>
  readonly #paths: PathManager<TunnelPath>

  constructor(scheduler: Scheduler<TunnelPath>, paths: PathManager<TunnelPath>) {
    this.#scheduler = scheduler
    this.#paths = paths
  }

  /** A path that takes the packet in `row` whole. When those have no room, or there is none, one that takes it in pieces. */
  pathFor(batch: PacketBatch, row: number): TunnelPath | undefined {
    const request = this.request
    request.lengthBytes = batch.length[row]! + HEADER_BYTES
    request.trafficClass = batch.flags[row]! & CLASS_MASK
    request.flow = batch.flow[row]!
    const path = this.#scheduler.peek(request)
    if (path !== undefined || this.#scheduler.refusal === 'no-path') return path
    if (!isCutBy(this.#paths.list, request.lengthBytes + TAG_BYTES)) return undefined
    request.lengthBytes = 0
    return this.#scheduler.peek(request)
  }

  /** Why there is no path at all. */
  whyNone(): string {
    return this.#paths.list.some((path) => path.blocked) ? 'link-full' : 'no-path'
  }
}

/**
 * Where the packets end that are like the one in row `first`, of its flow and class and not longer, before row `most` and with
 * no more than `roomBytes` behind it.
 */
export function endOfRun(batch: PacketBatch, first: number, most: number, roomBytes: number): number {
  const { flow, flags, length } = batch
  const firstFlow = flow[first]!
  const firstFlags = flags[first]!
  const mostBytes = length[first]!
  let leftBytes = roomBytes
  let row = first + 1
  for (; row < most; row++) {
    leftBytes -= length[row]! + HEADER_BYTES
    if (leftBytes < 0 || length[row]! > mostBytes) break
    if (flow[row] !== firstFlow || flags[row] !== firstFlags) break
  }
  return row
}
