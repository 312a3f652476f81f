/**
 * Secures sessions that run over many paths at once: who is there (Noise handshake), under which keys (epochs), what
 * was there before (replay windows), where a path leads (challenges) and whose an inner address is (allowed IPs).
 *
 * Nothing here does I/O, knows a clock or has a cipher of its own: frames, times and the `Crypto` primitives are
 * arguments. So it runs the same in production and in a simulation. Packets are sealed and opened elsewhere, in
 * batches; {@link KeyRing} holds the keys for that. What it protects against, and what not, is in `docs/security.md`.
 *
 * ```ts
 * import { nodeCrypto } from '@mp/runtime-node'
 * import { HELLO_BYTES, Initiator, Responder, encodeKey } from '@mp/secure-channel'
 * import type { KnownPeer } from '@mp/secure-channel'
 *
 * interface Peer extends KnownPeer {
 *   readonly name: string
 * }
 *
 * const crypto = nodeCrypto()
 * const costs = { 'chacha20-poly1305': 900, 'aes-256-gcm': 400 } // ns per packet, measured
 * const client = crypto.generateKeyPair()
 * const server = crypto.generateKeyPair()
 * const peers = new Map<string, Peer>([[encodeKey(client.publicKey), { name: 'laptop' }]])
 *
 * const initiator = new Initiator({ crypto, costs, staticKeys: client, responderKey: server.publicKey })
 * const peerOf = (publicKey: Uint8Array) => peers.get(encodeKey(publicKey))
 * const responder = new Responder({ crypto, costs, staticKeys: server, peerOf })
 *
 * initiator.begin({ nowMs: 0, wallMs: Date.now(), localIndex: 7, remoteIndex: 0 })
 * const frame = new Uint8Array(HELLO_BYTES)
 * initiator.helloFor(1, frame) // and the same for every other path
 *
 * const welcome = new Uint8Array(HELLO_BYTES)
 * const result = responder.handleHello({ frame, source: '192.0.2.7:4000', nowMs: 20 }, welcome)
 * if (result.kind === 'accept') {
 *   const { lengthBytes, keys } = result.hello.respond({ localIndex: 1 })
 *   console.log(result.hello.peer.name, keys.cipher) // laptop aes-256-gcm
 *   console.log(initiator.handleWelcome(welcome.subarray(0, lengthBytes)).kind) // keys
 * }
 * ```
 *
 * @packageDocumentation
 */
export { AllowedIps } from './allowed-ips.ts'
export type { CookieDrop, HandshakeStart, InitiatorOptions, WelcomeDrop, WelcomeResult } from './initiator.ts'
export { Initiator } from './initiator.ts'
export { decodeKey, encodeKey } from './key-text.ts'
export { KeyRing } from './key-ring.ts'
export type { KeyRingEvent, KeyRingOptions } from './key-ring.ts'
export { COOKIE_FRAME_BYTES, HELLO_BYTES, WELCOME_BYTES } from './layout.ts'
export type { CipherStateOptions } from './noise/cipher-state.ts'
export { CipherState } from './noise/cipher-state.ts'
export type { HandshakeStateOptions, NoisePattern } from './noise/handshake-state.ts'
export { HandshakeState } from './noise/handshake-state.ts'
export type { NoiseSuite } from './noise/symmetric-state.ts'
export { PathIds } from './path-ids.ts'
export { CHALLENGE_BYTES, PathValidation } from './path-validation.ts'
export type { PathValidationEvent, PathValidationOptions } from './path-validation.ts'
export type { CipherCosts } from './payload.ts'
export { ReplayWindow } from './replay-window.ts'
export type {
  AcceptedHello,
  HelloDrop,
  HelloResult,
  KnownPeer,
  ReceivedHello,
  ResponderOptions,
  WelcomeAnswer,
} from './responder.ts'
export { Responder } from './responder.ts'
export { Secret } from './secret.ts'
export type { SessionKeys } from './session-keys.ts'
export { TokenBucket } from './token-bucket.ts'
