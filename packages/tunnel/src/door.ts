import type { SessionKeys } from '@mp/secure-channel'

/** A client the server knows: who it is and which addresses are its own. */
export interface ServerPeer {
  /** For logs and status; unique. */
  readonly name: string
  /** X25519 public key, 32 bytes. Absent without encryption. */
  readonly publicKey?: Uint8Array
  /** 32 bytes that both sides share besides. */
  readonly presharedKey?: Uint8Array
  /** Networks inside the tunnel that are this client's, such as `10.99.0.1/32`. */
  readonly allowedIPs: readonly string[]
}

/** A hello as it came in. */
export interface Knock {
  /** The whole frame; not kept. */
  readonly frame: Uint8Array
  /** `ip:port` it came from. */
  readonly source: string
  readonly nowMs: number
}

/** A hello that deserves a session. */
export interface Guest {
  readonly peer: ServerPeer
  /** The client's index: what frames to it carry. */
  readonly remoteIndex: number
  /** Our index of the session that wants new keys; 0 = a new session. It may be one we do not have. */
  readonly session: number
  /** Writes the welcome into the `into` of the call that gave this; to be called once, or not at all to refuse. */
  respond(answer: WelcomeAnswer): { readonly lengthBytes: number; readonly keys?: SessionKeys }
}

/** How a hello is answered. */
export interface WelcomeAnswer {
  /** Our index, which the client's frames will carry. When a session goes on, the one it has. */
  readonly localIndex: number
  /** The epoch of the new keys when the session goes on; absent for a new one. */
  readonly epoch?: number
}

/** What to do about a hello. After `reply` the first `lengthBytes` of `into` go back to where it came from. */
export type DoorResult =
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reply'; readonly lengthBytes: number }
  | { readonly kind: 'guest'; readonly guest: Guest }

/** The server's half of a handshake: decides who is answered, and how. */
export interface Door {
  /** Takes a hello. `into` has {@link HANDSHAKE_ROOM_BYTES} bytes for an answer. */
  handleHello(knock: Knock, into: Uint8Array): DoorResult
  /** A client that was known is not any more. */
  forget(peer: ServerPeer): void
}
