import { compareBytes, hexOf } from './bytes.ts'
import { ephemeralOf, pathlessPart } from './layout.ts'
import { MESSAGE_LIFETIME_MS } from './session-keys.ts'

/** How long the same hello is answered again, ms: as long as its initiator repeats it, and then for those under way. */
const ANSWER_LIFETIME_MS = 2 * MESSAGE_LIFETIME_MS

/** What was answered to a peer's newest hello. */
export interface Answer {
  /** That hello without path and MACs. */
  readonly hello: Uint8Array
  /** The peer's static key. */
  readonly publicKey: Uint8Array
  readonly timestamp: Uint8Array
  readonly remoteIndex: number
  readonly localIndex: number
  /** The Noise message of the welcome. */
  readonly message: Uint8Array
}

interface Entry extends Answer {
  readonly ephemeral: string
  readonly untilMs: number
}

/**
 * The newest answer to each peer, so that a hello that comes again gets the same welcome and an old one none. One
 * entry for each peer that ever proved who it is, never one for a stranger.
 */
export class Answers {
  readonly #byPeer = new Map<string, Entry>()
  readonly #byEphemeral = new Map<string, Entry>()

  /**
   * The answer given to this hello frame; `replayed-hello` when that is too long ago, `forged-hello` when the frame
   * has the ephemeral key of a hello that was answered but is another one; undefined when it is news.
   */
  find(frame: Uint8Array, nowMs: number): Answer | 'replayed-hello' | 'forged-hello' | undefined {
    const hello = pathlessPart(frame)
    const entry = this.#byEphemeral.get(hexOf(ephemeralOf(hello)))
    if (entry === undefined) return undefined
    if (compareBytes(entry.hello, hello) !== 0) return 'forged-hello'
    return nowMs < entry.untilMs ? entry : 'replayed-hello'
  }

  /** Whether the timestamp is later than that of the peer's newest hello. */
  isNew(publicKey: Uint8Array, timestamp: Uint8Array): boolean {
    const last = this.#byPeer.get(hexOf(publicKey))
    return last === undefined || compareBytes(timestamp, last.timestamp) > 0
  }

  /** Keeps an answer in the place of the peer's last one. */
  remember(answer: Answer, nowMs: number): void {
    this.forget(answer.publicKey)
    const ephemeral = hexOf(ephemeralOf(answer.hello))
    const entry = { ...answer, ephemeral, untilMs: nowMs + ANSWER_LIFETIME_MS }
    this.#byPeer.set(hexOf(answer.publicKey), entry)
    this.#byEphemeral.set(ephemeral, entry)
  }

  forget(publicKey: Uint8Array): void {
    const peer = hexOf(publicKey)
    const entry = this.#byPeer.get(peer)
    if (entry === undefined) return
    this.#byPeer.delete(peer)
    this.#byEphemeral.delete(entry.ephemeral)
  }
}
