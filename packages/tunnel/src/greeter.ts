import type { SessionKeys } from '@mp/secure-channel'
import type { Wakeable } from './driver.ts'

/** The peer answered: it is known by this index from now on, and by these keys if there are any. */
export interface Welcome {
  readonly remoteIndex: number
  /** Absent without encryption. */
  readonly keys?: SessionKeys
}

/** The client's half of a handshake. It says when to greet; the tunnel does so on every path it has. */
export interface Greeter extends Wakeable {
  /** A search is under way: hellos go out until an answer comes. */
  readonly running: boolean
  /** Begins a search, at once. `remoteIndex` names the session that wants new keys; 0 = a new session. */
  start(nowMs: number, remoteIndex: number): void
  stop(): void
  /** Writes the hello for one path to the front of `into`. @returns its length, bytes; 0 = nothing to say. */
  writeHello(pathId: number, into: Uint8Array): number
  /** Takes an answer. @returns the welcome, or why the frame is dropped; undefined = it was of use but is not the end. */
  handleAnswer(frame: Uint8Array): Welcome | string | undefined
}

/** Called when it is time to send a hello on every path, for the `attempt`th time since the search began. */
export type Greet = (attempt: number) => void

/** Room that any handshake frame finds enough, bytes. */
export const HANDSHAKE_ROOM_BYTES = 512
