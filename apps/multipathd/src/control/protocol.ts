import { z } from 'zod'

/**
 * The language of the control socket: one JSON value a line, both ways. docs/control.md has it in words.
 *
 * ```
 * → { "v": 1, "id": 1, "command": "status", "params": {} }
 * ← { "v": 1, "id": 1, "result": { … } }
 * ← { "v": 1, "id": 1, "error": { "code": "bad-params", "message": "…" } }
 *
 * → { "v": 1, "id": 2, "command": "watch-events" }
 * ← { "v": 1, "id": 2, "item": { … } }      any number of times
 * ← { "v": 1, "id": 2, "end": "cancelled" } the last one
 * ```
 */
export const PROTOCOL_VERSION = 1

/** Longest line a daemon reads, bytes. */
export const MAX_REQUEST_BYTES: number = 64 * 1024
/** A reader for whom more than this waits is dropped, bytes. */
export const MAX_QUEUED_BYTES: number = 4 * 1024 * 1024
/** Above this, what can be left out is, bytes. */
export const BEHIND_BYTES: number = 1024 * 1024
/** Most connections at a time, and most requests and subscriptions under way on each. */
export const MAX_CONNECTIONS = 64
export const MAX_UNDER_WAY = 32

/** What a client chooses to know the answers by. */
export type RequestId = number | string

const id: z.ZodType<RequestId> = z.union([z.number().int().nonnegative(), z.string().min(1).max(64)])

export const requestSchema: z.ZodType<ControlRequest> = z.strictObject({
  v: z.literal(PROTOCOL_VERSION),
  id,
  command: z.string().min(1).max(64),
  params: z.record(z.string(), z.unknown()).optional(),
})

/** A line from a client. */
export interface ControlRequest {
  readonly v: typeof PROTOCOL_VERSION
  readonly id: RequestId
  readonly command: string
  readonly params?: Readonly<Record<string, unknown>> | undefined
}

/**
 * - `bad-request`: no JSON, or not of the form above
 * - `too-large`: a line longer than {@link MAX_REQUEST_BYTES}; the connection ends
 * - `unsupported-version`: `v` is of another version
 * - `unknown-command`, `bad-params`: what is not known, with what is
 * - `bad-config`: the config file has faults; the message names them all
 * - `no-config`: the config file is not there, or may not be read
 * - `refused`: understood, and not done, or not all of it; the message says why
 * - `busy`: too many connections, or requests under way
 * - `slow-reader`: too much waits to be read; the connection ends
 * - `internal`: a fault of multipathd
 */
export type ErrorCode =
  | 'bad-request'
  | 'too-large'
  | 'unsupported-version'
  | 'unknown-command'
  | 'bad-params'
  | 'bad-config'
  | 'no-config'
  | 'refused'
  | 'busy'
  | 'slow-reader'
  | 'internal'

/** What went wrong. */
export interface ControlFault {
  readonly code: ErrorCode
  readonly message: string
}

/** What a line from the daemon says. `id` is `null` where it is not known which request was meant. */
export type ControlReply = { readonly v: typeof PROTOCOL_VERSION; readonly id: RequestId | null } & (
  | { readonly result: unknown }
  | { readonly error: ControlFault }
  | { readonly item: unknown }
  | { readonly end: string }
)

/** Refuses a request: a command throws it, and what it says goes to who asked. */
export class ControlError extends Error implements ControlFault {
  override readonly name = 'ControlError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
