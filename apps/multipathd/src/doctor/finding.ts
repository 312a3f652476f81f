import type { Config } from '../config/index.ts'
import type { Host } from '../network/host.ts'

/** What a check found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly about: string
  /** `fault`: the tunnel will not work; `warning`: it will, with less than it could; `ok`. */
  readonly level: 'ok' | 'warning' | 'fault'
  /** What is there. */
  readonly found: string
  /** What to do about it. */
  readonly advice?: string
}

/** What checks look at. */
export interface Patient {
  readonly config: Config
  readonly host: Host
  /** Capabilities this process has, as bits. */
  readonly capabilities: bigint
  /** The time of day, ms since 1970. */
  readonly wallMs: number
  /** Where a daemon with this config answers; undefined when it has no control socket. */
  readonly socketPath: string | undefined
}

/** A question with one or several answers. None: it does not concern this config. */
export type Check = (patient: Patient) => readonly Finding[] | Promise<readonly Finding[]>
