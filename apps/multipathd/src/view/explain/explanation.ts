/** Why a daemon does what it does, for people and programs. `status` has all figures. */
export interface Explanation {
  readonly version: 1
  readonly takenAt: string
  readonly peers: readonly PeerExplanation[]
}

/** What is worth saying of something. */
export interface Finding {
  /** `trouble` is worth doing something about, as `advice` says. */
  readonly level: 'fine' | 'trouble'
  /** A sentence. */
  readonly text: string
  /** What to do, a sentence; `null` where nothing has to be done, or nothing can be. */
  readonly advice: string | null
}

export interface PeerExplanation {
  readonly name: string
  readonly findings: readonly Finding[]
  readonly paths: readonly PathExplanation[]
}

export interface PathExplanation {
  readonly name: string
  readonly isUsed: boolean
  /** As in a snapshot; `null` for a path in use. */
  readonly unusedReason: string | null
  /** Of what is sent now, 0…1. */
  readonly share: number | null
  readonly capacityBps: number | null
  readonly usedBps: number | null
  readonly baseRttMs: number | null
  readonly queueDelayMs: number | null
  readonly congestionLossRatio: number | null
  readonly radioLossRatio: number | null
  readonly findings: readonly Finding[]
}

export const fine = (text: string): Finding => ({ level: 'fine', text, advice: null })
export const trouble = (text: string, advice: string | null): Finding => ({ level: 'trouble', text, advice })
