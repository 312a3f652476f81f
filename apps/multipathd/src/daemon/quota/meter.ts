import type { PathSettings, PathStats } from '@mp/tunnel'
import type { Quota, RemotePath } from '../../config/index.ts'
import { periodStart } from './period.ts'
import type { Usage } from './usage-file.ts'

/** Headers of UDP and IP around a frame, bytes. */
const OVER_IPV4_BYTES = 28
const OVER_IPV6_BYTES = 48

/** How much of a quota is used. */
export type Stage = 'free' | 'warned' | 'used'

/** Counts what goes over a metered line, both ways. */
export class Meter {
  readonly path: RemotePath
  readonly quota: Quota
  #sinceMs: number
  #bytes: number
  /** What each path of the line had carried at the last look, by its id. */
  readonly #seen = new Map<number, number>()

  /** @param usage What was counted before; undefined = nothing. */
  constructor(path: RemotePath, quota: Quota, usage: Usage | undefined) {
    this.path = path
    this.quota = quota
    this.#sinceMs = usage?.sinceMs ?? 0
    this.#bytes = usage?.bytes ?? 0
  }

  get usage(): Usage {
    return { sinceMs: this.#sinceMs, bytes: this.#bytes }
  }

  get stage(): Stage {
    const { bytes, warnPercent } = this.quota
    if (this.#bytes >= bytes) return 'used'
    return this.#bytes >= (bytes * warnPercent) / 100 ? 'warned' : 'free'
  }

  /** How the path is to be used now. */
  get settings(): Partial<PathSettings> {
    const { role } = this.path
    if (this.stage !== 'used') return { role, isExhausted: false }
    return this.quota.whenUsed === 'stop'
      ? { role, isExhausted: true }
      : { role: 'backup', isExhausted: false }
  }

  /** The same line with another quota or use: what was counted counts on. */
  with(path: RemotePath, quota: Quota): Meter {
    const meter = new Meter(path, quota, this.usage)
    for (const [id, bytes] of this.#seen) meter.#seen.set(id, bytes)
    return meter
  }

  /** Adds what the paths of the line carried since the last call. */
  count(paths: readonly PathStats[], nowMs: number): void {
    const sinceMs = periodStart(nowMs, this.quota.resetDay)
    // A clock that is set back begins no period anew.
    if (sinceMs > this.#sinceMs) {
      if (this.#sinceMs !== 0) this.#bytes = 0
      this.#sinceMs = sinceMs
    }
    for (const path of paths) {
      const bytes = lineBytes(path)
      this.#bytes += bytes - (this.#seen.get(path.id) ?? 0)
      this.#seen.set(path.id, bytes)
    }
  }
}

function lineBytes({ txBytes, rxBytes, txFrames, rxFrames, remoteAddress = '' }: PathStats): number {
  const headerBytes = remoteAddress.startsWith('[') ? OVER_IPV6_BYTES : OVER_IPV4_BYTES
  return txBytes + rxBytes + headerBytes * (txFrames + rxFrames)
}
