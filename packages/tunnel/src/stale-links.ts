import type { Link } from '@mp/interface'
import type { Wakeable } from './driver.ts'
import type { TunnelPath } from './path.ts'

/** A link whose path does not work for this long is replaced, ms. Short outages cost no new one. */
const FIRST_PATIENCE_MS = 3000
/** Patience with the links that follow while the path does not work, ms. */
const LAST_PATIENCE_MS = 60_000
/** The same for a link that the system refuses to send over: no time brings that one back. */
const FIRST_FAULT_PATIENCE_MS = 100
const LAST_FAULT_PATIENCE_MS = 1600
const FACTOR = 2

/** A path that does not work. */
interface Suspect {
  link: Link | undefined
  patienceMs: number
  faultPatienceMs: number
  /** The system refuses to send over `link`. */
  isFaulty: boolean
  dueMs: number
}

/**
 * Finds links that stay dead though their line may be back. A UDP socket leaves from the address it was opened with,
 * also when the machine has another one by now. TCP doubles the waits between its retries: after a line was away for
 * a minute they may go on for another one. A fresh link gets through within seconds, so it is tried now and then.
 */
export class StaleLinks implements Wakeable {
  readonly #replace: (path: TunnelPath) => void
  readonly #suspects = new Map<TunnelPath, Suspect>()
  #nextMs = Infinity

  /** `replace` looks for another link for a path until it has one. The path keeps its own until then. */
  constructor(replace: (path: TunnelPath) => void) {
    this.#replace = replace
  }

  /** The health or the link of a path may have changed. */
  update(paths: Iterable<TunnelPath>, nowMs: number): void {
    for (const path of paths) this.#look(path, nowMs)
    this.#findNext()
  }

  /** The system refuses to send over the link of `path`: its address or its route is gone. */
  handleFault(path: TunnelPath, nowMs: number): void {
    const suspect = this.#suspect(path, nowMs)
    if (suspect.isFaulty || suspect.link === undefined) return
    suspect.isFaulty = true
    suspect.dueMs = Math.min(suspect.dueMs, nowMs + suspect.faultPatienceMs)
    this.#findNext()
  }

  /** The path is closed. */
  forget(path: TunnelPath): void {
    this.#suspects.delete(path)
    this.#findNext()
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  handleTimeout(nowMs: number): void {
    for (const [path, suspect] of this.#suspects) {
      if (suspect.dueMs > nowMs) continue
      grow(suspect)
      // Until another link is there.
      suspect.dueMs = Infinity
      this.#replace(path)
    }
    this.#findNext()
  }

  #look(path: TunnelPath, nowMs: number): void {
    const { state } = path.prober
    if (state === 'normal' || state === 'unstable') this.#suspects.delete(path)
    else this.#suspect(path, nowMs)
  }

  /** What is known of a path that does not work. A link that is new has its whole patience. */
  #suspect(path: TunnelPath, nowMs: number): Suspect {
    const { link } = path
    let suspect = this.#suspects.get(path)
    if (suspect === undefined) {
      suspect = newSuspect()
      this.#suspects.set(path, suspect)
    }
    if (link === suspect.link) return suspect
    suspect.link = link
    suspect.isFaulty = false
    suspect.dueMs = link === undefined ? Infinity : nowMs + suspect.patienceMs
    return suspect
  }

  #findNext(): void {
    this.#nextMs = Infinity
    for (const { dueMs } of this.#suspects.values()) this.#nextMs = Math.min(this.#nextMs, dueMs)
  }
}

function newSuspect(): Suspect {
  return {
    link: undefined,
    patienceMs: FIRST_PATIENCE_MS,
    faultPatienceMs: FIRST_FAULT_PATIENCE_MS,
    isFaulty: false,
    dueMs: Infinity,
  }
}

function grow(suspect: Suspect): void {
  if (suspect.isFaulty)
    suspect.faultPatienceMs = Math.min(LAST_FAULT_PATIENCE_MS, suspect.faultPatienceMs * FACTOR)
  else suspect.patienceMs = Math.min(LAST_PATIENCE_MS, suspect.patienceMs * FACTOR)
}
