import type { KeyPair } from '@mp/interface'
import { HELLO_BYTES, Initiator, Responder } from '@mp/secure-channel'
import type {
  AcceptedHello,
  CipherCosts,
  HelloResult,
  InitiatorOptions,
  KnownPeer,
  ResponderOptions,
  SessionKeys,
  WelcomeAnswer,
} from '@mp/secure-channel'
import { ascii, hexText, systemCrypto } from './support.ts'

export const SOURCE = '192.0.2.7:4000'
export const WALL_MS = 1_700_000_000_000
export const COSTS: CipherCosts = { 'chacha20-poly1305': 900, 'aes-256-gcm': 400 }

export const clientKeys: KeyPair = systemCrypto.generateKeyPair()
export const serverKeys: KeyPair = systemCrypto.generateKeyPair()

export interface DuoOptions {
  readonly initiator?: Partial<InitiatorOptions>
  readonly responder?: Partial<ResponderOptions<KnownPeer>>
  /** What the responder knows of the initiator. */
  readonly peer?: KnownPeer
}

/** An initiator and a responder that know each other, and frames between them carried by hand. */
export class Duo {
  readonly initiator: Initiator
  readonly responder: Responder<KnownPeer>
  readonly #into = new Uint8Array(HELLO_BYTES)

  constructor({ initiator = {}, responder = {}, peer = {} }: DuoOptions = {}) {
    const staticKeys = clientKeys
    const base = { crypto: systemCrypto, costs: COSTS }
    this.initiator = new Initiator({ ...base, staticKeys, responderKey: serverKeys.publicKey, ...initiator })
    const known = hexText((initiator.staticKeys ?? staticKeys).publicKey)
    this.responder = new Responder({
      ...base,
      staticKeys: serverKeys,
      peerOf: (publicKey) => (hexText(publicKey) === known ? peer : undefined),
      ...responder,
    })
  }

  begin(nowMs = 0, remoteIndex = 0): void {
    this.initiator.begin({ nowMs, wallMs: WALL_MS + nowMs, localIndex: 0xabcde, remoteIndex })
  }

  hello(pathId = 1): Uint8Array {
    const into = new Uint8Array(HELLO_BYTES + 7)
    return into.slice(0, this.initiator.helloFor(pathId, into))
  }

  /** Gives a frame to the responder. */
  offer(frame: Uint8Array, { source = SOURCE, nowMs = 0 } = {}): HelloResult<KnownPeer> {
    return this.responder.handleHello({ frame, source, nowMs }, this.#into)
  }

  /** The frame the responder wrote last. */
  sent(lengthBytes: number): Uint8Array {
    return this.#into.slice(0, lengthBytes)
  }

  /** Answers a hello that must be accepted. */
  welcome(
    frame: Uint8Array,
    answer: WelcomeAnswer = { localIndex: 77 },
  ): { readonly frame: Uint8Array; readonly keys: SessionKeys; readonly hello: AcceptedHello<KnownPeer> } {
    const result = this.offer(frame)
    if (result.kind !== 'accept') throw new Error(`expected accept, found ${JSON.stringify(result)}`)
    const { lengthBytes, keys } = result.hello.respond(answer)
    return { frame: this.sent(lengthBytes), keys, hello: result.hello }
  }
}

/** A copy with one bit turned over. */
export function flipped(frame: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(frame)
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return copy
}

/** A copy whose first MAC fits again, as anyone can make it who knows the receiver's public key. */
export function withFittingMac(frame: Uint8Array, receiver: KeyPair): Uint8Array {
  const copy = Uint8Array.from(frame)
  const key = systemCrypto.hash(ascii('multipathd mac1'), receiver.publicKey)
  copy.set(systemCrypto.hmac(key, copy.subarray(0, -32)).subarray(0, 16), copy.length - 32)
  return copy
}
