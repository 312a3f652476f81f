import type { CipherName } from '@mp/interface'
import { viewOf } from './bytes.ts'
import { HELLO_PAYLOAD_BYTES, WELCOME_PAYLOAD_BYTES } from './layout.ts'
import { TIMESTAMP_BYTES } from './timestamp.ts'

/** Ciphers in the order of the wire; the first wins when two cost the same. */
const CIPHERS: readonly CipherName[] = ['chacha20-poly1305', 'aes-256-gcm']
const INDEX_MASK = 0xff_ffff
const EPOCH_MASK = 3
const FLAG_FRESH = 0x80
const MAX_COST = 0xffff

/**
 * What one packet costs with each cipher, nanoseconds: 1…65535 (more is said as 65535), 0 = the cipher is not to be
 * used. To force a cipher, give the other one 0.
 */
export type CipherCosts = Readonly<Record<CipherName, number>>

/** What the initiator says under encryption. */
export interface HelloPayload {
  readonly timestamp: Uint8Array
  /** The responder's index of the session that wants new keys; 0 = a new session. */
  readonly session: number
  readonly costs: CipherCosts
}

/** What the responder says under encryption. */
export interface WelcomePayload {
  /** Which epoch the new keys are, 0…3. */
  readonly epoch: number
  /** A new session begins, with counters and sequences at 0. */
  readonly fresh: boolean
  /** The responder's index: the one in clear must be the same. */
  readonly sender: number
  readonly cipher: CipherName
}

/** The cipher that costs both sides together the least, or undefined when they have none in common. */
export function chooseCipher(a: CipherCosts, b: CipherCosts): CipherName | undefined {
  let best: CipherName | undefined
  for (const cipher of CIPHERS) {
    const usable = a[cipher] > 0 && b[cipher] > 0
    if (usable && (best === undefined || a[cipher] + b[cipher] < a[best] + b[best])) best = cipher
  }
  return best
}

export function encodeHello(payload: HelloPayload): Uint8Array {
  const out = new Uint8Array(HELLO_PAYLOAD_BYTES)
  const view = viewOf(out)
  out.set(payload.timestamp)
  view.setUint32(TIMESTAMP_BYTES, payload.session)
  for (const [i, cipher] of CIPHERS.entries()) {
    view.setUint16(TIMESTAMP_BYTES + 4 + 2 * i, costOnWire(payload.costs[cipher]))
  }
  return out
}

/** Undefined for what no initiator of this version says. */
export function decodeHello(bytes: Uint8Array): HelloPayload | undefined {
  const view = viewOf(bytes)
  const session = view.getUint32(TIMESTAMP_BYTES)
  if (session > INDEX_MASK) return undefined
  const costs = { 'chacha20-poly1305': 0, 'aes-256-gcm': 0 }
  for (const [i, cipher] of CIPHERS.entries()) costs[cipher] = view.getUint16(TIMESTAMP_BYTES + 4 + 2 * i)
  return { timestamp: bytes.slice(0, TIMESTAMP_BYTES), session, costs }
}

export function encodeWelcome(payload: WelcomePayload): Uint8Array {
  const out = new Uint8Array(WELCOME_PAYLOAD_BYTES)
  const view = viewOf(out)
  const first = (payload.fresh ? FLAG_FRESH : 0) | payload.epoch
  view.setUint32(0, ((first << 24) | payload.sender) >>> 0)
  view.setUint8(4, CIPHERS.indexOf(payload.cipher) + 1)
  return out
}

/** Undefined for what no responder of this version says. */
export function decodeWelcome(bytes: Uint8Array): WelcomePayload | undefined {
  const view = viewOf(bytes)
  const word = view.getUint32(0)
  const first = word >>> 24
  const last = view.getUint32(4)
  const cipher = CIPHERS[(last >>> 24) - 1]
  const reserved = (first & ~(FLAG_FRESH | EPOCH_MASK)) | (last & INDEX_MASK)
  if (cipher === undefined || reserved !== 0) return undefined
  return {
    epoch: first & EPOCH_MASK,
    fresh: (first & FLAG_FRESH) !== 0,
    sender: word & INDEX_MASK,
    cipher,
  }
}

function costOnWire(ns: number): number {
  return ns > 0 ? Math.min(MAX_COST, Math.max(1, Math.round(ns))) : 0
}
