import type { CipherName, KeyPair } from '@mp/interface'
import { ascii, concat, viewOf } from './bytes.ts'
import { HandshakeState } from './noise/handshake-state.ts'
import type { NoiseSuite } from './noise/symmetric-state.ts'

/** How long an initiator repeats the same hello, ms. */
export const MESSAGE_LIFETIME_MS = 10_000

/** What a handshake ends with: the keys of one epoch. Give them to a `KeyRing`, which wipes them. */
export interface SessionKeys {
  /** What packets are to be sealed with. */
  readonly cipher: CipherName
  /** Which epoch these keys are, 0…3. */
  readonly epoch: number
  /** A new session begins, with counters and sequences at 0. Otherwise an old one goes on under new keys. */
  readonly fresh: boolean
  /** The index this side chose. */
  readonly localIndex: number
  /** The index the other side chose. */
  readonly remoteIndex: number
  /** 32 bytes. */
  readonly send: Uint8Array
  /** 32 bytes. */
  readonly receive: Uint8Array
  /** Hash of the whole handshake, 32 bytes, the same on both sides: names it in logs and tests. */
  readonly handshakeHash: Uint8Array
}

/** A side of the session handshake. */
export interface SessionSide {
  readonly crypto: NoiseSuite['crypto']
  readonly staticKeys: KeyPair
  /** Makes this side the initiator. */
  readonly responderKey?: Uint8Array
}

/**
 * The Noise handshake every session begins with. Its prologue names the protocol and holds the initiator's index, so
 * that nobody can change the index on the way.
 */
export function sessionHandshake(side: SessionSide, initiatorIndex: number): HandshakeState {
  const index = new Uint8Array(4)
  viewOf(index).setUint32(0, initiatorIndex)
  const prologue = concat(ascii('multipathd 1'), index)
  return new HandshakeState({ ...side, pattern: 'IKpsk2', cipher: 'chacha20-poly1305', prologue })
}
