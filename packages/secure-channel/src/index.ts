export type { CookieDrop, HandshakeStart, InitiatorOptions, WelcomeDrop, WelcomeResult } from './initiator.ts'
export { Initiator } from './initiator.ts'
export { COOKIE_FRAME_BYTES, HELLO_BYTES, WELCOME_BYTES } from './layout.ts'
export type { CipherStateOptions } from './noise/cipher-state.ts'
export { CipherState } from './noise/cipher-state.ts'
export type { HandshakeStateOptions, NoisePattern } from './noise/handshake-state.ts'
export { HandshakeState } from './noise/handshake-state.ts'
export type { NoiseSuite } from './noise/symmetric-state.ts'
export type { CipherCosts } from './payload.ts'
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
export type { SessionKeys } from './session-keys.ts'
