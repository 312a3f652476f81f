import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Io } from './io.ts'

/**
 * What the system or a package of ours refuses is told under a code (`EACCES`, `MP_UDP_ADDRESS_IN_USE`), with a
 * text that says what to do. The first pattern that fits `code syscall` decides; what has no such code is a bug.
 */
const KNOWN: readonly (readonly [pattern: RegExp, exit: ExitCode])[] = [
  [/^(EPERM|EACCES|MP_\w+_NOT_PERMITTED|MP_TUN_PERMISSION) /, EXIT.noPermission],
  [/^MP_TUN_NO_DEVICE /, EXIT.noTun],
  [/^(MP_|E(?!RR_))[A-Z0-9_]+ /, EXIT.unavailable],
]

/** An error that ends the program with a code of its choice; its message is all there is to say. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  readonly exit: ExitCode

  constructor(exit: ExitCode, message: string) {
    super(message)
    this.exit = exit
  }
}

/** Says what went wrong, if anything did, in a line or three, without a stack trace unless `MP_DEBUG=1`; answers the exit code. */
export function explain(error: unknown, { stderr, env }: Io): ExitCode {
  const exit = exitCodeOf(error)
  if (exit === EXIT.ok) return exit
  stderr.write(`multipathd: ${exit === EXIT.internal ? 'internal error: ' : ''}${messageOf(error)}\n`)
  if (env['MP_DEBUG'] === '1' && error instanceof Error) stderr.write(`${error.stack}\n`)
  else if (exit === EXIT.internal) stderr.write('MP_DEBUG=1 shows where. Please report it.\n')
  return exit
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ExitError) return error.exit
  if (!(error instanceof Error)) return EXIT.internal
  const { code = '', syscall = '' } = error as NodeJS.ErrnoException
  return KNOWN.find(([pattern]) => pattern.test(`${code} ${syscall}`))?.[1] ?? EXIT.internal
}
