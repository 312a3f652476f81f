import type { FrameSource, Link } from '@mp/interface'
import type { Wakeable } from './driver.ts'
import type { TunnelPath } from './path.ts'

/** First and longest wait between two trials, ms. */
const FIRST_WAIT_MS = 10_000
const LAST_WAIT_MS = 300_000
const FACTOR = 2
/** A trial without an answer ends after this long, ms; until then it asks again and again, since any frame may get lost. */
const TRIAL_MS = 2000
const ASK_MS = 500
/** A path that is not well is looked at again this soon, ms. */
const LOOK_MS = 1000
/** A preferred transport that worked for this long was worth coming back to: after it the waits begin anew, ms. */
const STABLE_MS = 60_000

export interface ComebackOptions {
  /** Dials a link for `path` over its preferred transport, beside the one it has. */
  readonly dial: (path: TunnelPath) => Promise<Link>
  /** Asks the peer over `link` whether it hears us there. */
  readonly ask: (path: TunnelPath, link: Link) => void
  /** The peer answers over `link`: it is the link of `path` from now on. */
  readonly adopt: (path: TunnelPath, link: Link) => void
  readonly nowMs: () => number
}

/** A path with a preferred transport. */
interface Candidate {
  /** Whether a link leads over the preferred transport. */
  readonly isPreferred: (link: Link) => boolean
  /** The link that was looked at last. */
  link: Link | undefined
  waitMs: number
  /** When to try, to ask again or to give up, ms; Infinity while there is nothing to try. */
  dueMs: number
  /** When the preferred transport was taken last, ms. */
  homeMs: number
  trial: Trial | undefined
}

interface Trial {
  /** Undefined while it is dialled. */
  link: Link | undefined
  readonly endMs: number
  /** Where frames of the path came from before. */
  readonly source: FrameSource | undefined
}

/**
 * Brings paths that fell back to another transport home to the one they prefer. Now and then, and less often the longer
 * it is in vain, a link is opened over that one beside the link in use, and a few frames ask the peer to answer there.
 * Only when an authentic answer came that way does the path move; until then nothing of its traffic is touched.
 */
export class Comebacks implements Wakeable {
  readonly #options: ComebackOptions
  readonly #candidates = new Map<TunnelPath, Candidate>()
  #nextMs = Infinity

  constructor(options: ComebackOptions) {
    this.#options = options
  }

  /** `path` prefers some links to others. */
  add(path: TunnelPath, isPreferred: (link: Link) => boolean): void {
    this.#candidates.set(path, {
      isPreferred,
      link: undefined,
      waitMs: FIRST_WAIT_MS,
      dueMs: Infinity,
      homeMs: -Infinity,
      trial: undefined,
    })
  }

  /** The path is closed. */
  forget(path: TunnelPath): void {
    const candidate = this.#candidates.get(path)
    if (candidate !== undefined) endTrial(candidate)
    this.#candidates.delete(path)
    this.#findNext()
  }

  /** The links of paths may have changed. */
  update(): void {
    if (this.#candidates.size === 0) return
    for (const [path, candidate] of this.#candidates) {
      if (path.link !== candidate.link) this.#handleLink(candidate, path.link)
    }
    this.#findNext()
  }

  /** Frames came: one of them may have been the answer of a trial. */
  handleFrames(): void {
    for (const [path, candidate] of this.#candidates) {
      const { trial } = candidate
      if (trial?.link === undefined || path.source === trial.source) continue
      candidate.trial = undefined
      this.#options.adopt(path, trial.link)
    }
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    for (const [path, candidate] of this.#candidates) {
      if (candidate.dueMs > nowMs) continue
      const { trial } = candidate
      if (trial === undefined) this.#try(path, candidate, nowMs)
      else if (nowMs < trial.endMs) this.#askAgain(path, candidate, trial)
      else this.#giveUp(candidate, nowMs)
    }
    this.#findNext()
  }

  close(): void {
    for (const path of this.#candidates.keys()) this.forget(path)
  }

  #handleLink(candidate: Candidate, link: Link | undefined): void {
    const nowMs = this.#options.nowMs()
    const wasHome = candidate.link !== undefined && candidate.isPreferred(candidate.link)
    candidate.link = link
    endTrial(candidate)
    candidate.dueMs = Infinity
    if (wasHome && nowMs - candidate.homeMs >= STABLE_MS) candidate.waitMs = FIRST_WAIT_MS
    if (link === undefined) return
    if (candidate.isPreferred(link)) candidate.homeMs = nowMs
    else this.#wait(candidate, nowMs)
  }

  #wait(candidate: Candidate, nowMs: number): void {
    candidate.dueMs = nowMs + candidate.waitMs
    candidate.waitMs = Math.min(LAST_WAIT_MS, candidate.waitMs * FACTOR)
  }

  /** A path that does not work finds another link by itself, and over either transport. */
  #try(path: TunnelPath, candidate: Candidate, nowMs: number): void {
    if (path.prober.state !== 'normal') {
      candidate.dueMs = nowMs + LOOK_MS
      return
    }
    const trial: Trial = { link: undefined, endMs: nowMs + TRIAL_MS, source: path.source }
    candidate.trial = trial
    candidate.dueMs = nowMs + ASK_MS
    void this.#begin(path, candidate, trial)
  }

  async #begin(path: TunnelPath, candidate: Candidate, trial: Trial): Promise<void> {
    try {
      const link = await this.#options.dial(path)
      if (candidate.trial !== trial) return link.close()
      trial.link = link
      this.#options.ask(path, link)
    } catch {
      // Its time runs out.
    }
  }

  #askAgain(path: TunnelPath, candidate: Candidate, { link }: Trial): void {
    if (link !== undefined) this.#options.ask(path, link)
    candidate.dueMs += ASK_MS
  }

  #giveUp(candidate: Candidate, nowMs: number): void {
    endTrial(candidate)
    this.#wait(candidate, nowMs)
  }

  #findNext(): void {
    this.#nextMs = Infinity
    for (const { dueMs } of this.#candidates.values()) this.#nextMs = Math.min(this.#nextMs, dueMs)
  }
}

function endTrial(candidate: Candidate): void {
  candidate.trial?.link?.close()
  candidate.trial = undefined
}
