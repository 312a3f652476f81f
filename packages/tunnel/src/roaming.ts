import type { FrameSource, Link } from '@mp/interface'
import { PathValidation } from '@mp/secure-channel'
import type { TunnelPath } from './path.ts'

export interface RoamingOptions {
  readonly randomBytes: (into: Uint8Array) => void
  /** Sends a challenge with `token` over `link` in the name of `path`. @returns bytes sent. */
  readonly challenge: (path: TunnelPath, link: Link, token: Uint8Array) => number
  /** Gives `path` the link that leads to where its peer receives. */
  readonly attach: (path: TunnelPath, link: Link) => void
}

/** Where a frame came from, when, and how long it was. */
export interface Arrival {
  readonly source: FrameSource
  readonly peer: number
  readonly frameBytes: number
  readonly nowMs: number
}

/** A new address of a path, not proven yet. */
interface Candidate {
  readonly source: FrameSource
  readonly peer: number
  readonly link: Link
  readonly validation: PathValidation
}

/** A challenge frame, bytes: header, body and tag. */
const CHALLENGE_FRAME_BYTES = 44

/**
 * Follows the peer of a path to a new address: NAT gave it another port, or a phone another network. A frame can be
 * replayed from anywhere by one who saw it, so a path in use goes over only when the peer has shown that it receives
 * there; until then the old address is used. One candidate per path at most, challenged only when it sends.
 */
export class Roaming {
  readonly #options: RoamingOptions
  readonly #candidates = new Map<TunnelPath, Candidate>()

  constructor(options: RoamingOptions) {
    this.#options = options
  }

  /** The newest frame of `path` came from elsewhere than those before. */
  handleMove(path: TunnelPath, arrival: Arrival): void {
    const inUse =
      path.link !== undefined && (path.prober.state === 'normal' || path.prober.state === 'unstable')
    if (!inUse) return this.#moveNow(path, arrival)
    const candidate = this.#candidateFor(path, arrival)
    if (candidate === undefined) return
    const { validation, link } = candidate
    validation.handleReceived(arrival.frameBytes)
    validation.handleTimeout(arrival.nowMs)
    const token = validation.pollTransmit(arrival.nowMs)
    if (token === undefined || !validation.canSend(CHALLENGE_FRAME_BYTES)) return
    validation.handleSent(this.#options.challenge(path, link, token))
  }

  /** The peer repeated `token`: it receives where we sent it. */
  handleResponse(path: TunnelPath, token: Uint8Array): void {
    const candidate = this.#candidates.get(path)
    if (candidate === undefined) return
    candidate.validation.handleResponse(token)
    if (candidate.validation.state !== 'validated') return
    this.#candidates.delete(path)
    path.source = candidate.source
    path.peer = candidate.peer
    this.#options.attach(path, candidate.link)
  }

  /** The path is gone, or needs no other address any more. */
  forget(path: TunnelPath): void {
    this.#candidates.get(path)?.link.close()
    this.#candidates.delete(path)
  }

  /** A path that carries nothing may move at once: it is used again only when probes are answered there. */
  #moveNow(path: TunnelPath, { source, peer }: Arrival): void {
    const link = source.link(peer)
    if (link === undefined) return
    this.forget(path)
    path.source = source
    path.peer = peer
    this.#options.attach(path, link)
  }

  #candidateFor(path: TunnelPath, { source, peer, nowMs }: Arrival): Candidate | undefined {
    const known = this.#candidates.get(path)
    if (known?.source === source && known.peer === peer && known.validation.state === 'validating')
      return known
    this.forget(path)
    const link = source.link(peer)
    if (link === undefined) return undefined
    const challenge = new Uint8Array(8)
    this.#options.randomBytes(challenge)
    const candidate = { source, peer, link, validation: new PathValidation({ nowMs, challenge }) }
    this.#candidates.set(path, candidate)
    return candidate
  }
}
