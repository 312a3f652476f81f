import type { FrameSource, Link } from '@mp/interface'
import type { PathToken } from './control-channel.ts'
import type { TunnelPath } from './path.ts'

/** Between two challenges to one address, ms. Each answers a frame that is about as long: no amplification. */
const CHALLENGE_INTERVAL_MS = 50
/** A candidate that did not answer for this long is forgotten, ms. */
const CANDIDATE_MS = 3000

export interface RoamingOptions {
  readonly randomWord: () => number
  /** Sends a challenge with `token` over `link` in the name of `path`. */
  readonly challenge: (path: TunnelPath, link: Link, token: PathToken) => void
  /** Gives `path` the link that leads to where its peer receives. */
  readonly attach: (path: TunnelPath, link: Link) => void
}

/** A new address of a path, not proven yet. */
interface Candidate {
  readonly source: FrameSource
  readonly peer: number
  readonly link: Link
  readonly token: PathToken
  readonly sinceMs: number
  askedMs: number
}

/**
 * Follows the peer of a path to a new address: NAT gave it another port, or a phone another network. A frame can be
 * replayed from anywhere by one who saw it, so a path in use goes over only when the peer has shown that it receives
 * there; until then the old address is used. At most one candidate per path, and none costs more than one frame sent
 * for one received.
 */
export class Roaming {
  readonly #options: RoamingOptions
  readonly #candidates = new Map<TunnelPath, Candidate>()

  constructor(options: RoamingOptions) {
    this.#options = options
  }

  /** The newest frame of `path` came from `peer` of `source`, not from where it was before. */
  handleMove(path: TunnelPath, source: FrameSource, peer: number, nowMs: number): void {
    const inUse = path.link !== undefined && (path.prober.state === 'normal' || path.prober.state === 'unstable')
    if (!inUse) return this.#moveNow(path, source, peer)
    const candidate = this.#candidateFor(path, source, peer, nowMs)
    if (candidate === undefined || nowMs - candidate.askedMs < CHALLENGE_INTERVAL_MS) return
    candidate.askedMs = nowMs
    this.#options.challenge(path, candidate.link, candidate.token)
  }

  /** The peer repeated `token`: it receives where we sent it. */
  handleResponse(path: TunnelPath, token: PathToken): void {
    const candidate = this.#candidates.get(path)
    if (candidate?.token.high !== token.high || candidate.token.low !== token.low) return
    this.#candidates.delete(path)
    path.source = candidate.source
    path.peer = candidate.peer
    this.#options.attach(path, candidate.link)
  }

  /** The path is gone, or its candidate's link. */
  forget(path: TunnelPath): void {
    this.#candidates.get(path)?.link.close()
    this.#candidates.delete(path)
  }

  /** A path that carries nothing may move at once: it is used again only when probes are answered there. */
  #moveNow(path: TunnelPath, source: FrameSource, peer: number): void {
    const link = source.link(peer)
    if (link === undefined) return
    this.forget(path)
    path.source = source
    path.peer = peer
    this.#options.attach(path, link)
  }

  #candidateFor(path: TunnelPath, source: FrameSource, peer: number, nowMs: number): Candidate | undefined {
    const known = this.#candidates.get(path)
    const fits = known?.source === source && known.peer === peer && nowMs - known.sinceMs < CANDIDATE_MS
    if (fits) return known
    this.forget(path)
    const link = source.link(peer)
    if (link === undefined) return undefined
    const { randomWord } = this.#options
    const token = { high: randomWord(), low: randomWord() }
    const candidate = { source, peer, link, token, sinceMs: nowMs, askedMs: -Infinity }
    this.#candidates.set(path, candidate)
    return candidate
  }
}
