import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Io } from './io.ts'

/** Errors that a person can act on, by the end of their code; the packages give them texts that say how. */
const KNOWN: readonly (readonly [codes: RegExp, exit: ExitCode])[] = [
  [/_(NO_TUN|TUN_MISSING|TUN_UNAVAILABLE)$/, EXIT.noTun],
  [/(_NOT_PERMITTED|^EPERM|^EACCES)$/, EXIT.noPermission],
  [
    /(_ADDRESS_IN_USE|_BAD_ADDRESS|_NO_DEVICE|_UNRESOLVED|_UNREACHABLE|_REFUSED|_TIMEOUT|_BUSY)$/,
    EXIT.unavailable,
  ],
  [/^E(ADDRINUSE|ADDRNOTAVAIL|BUSY|NODEV)$/, EXIT.unavailable],
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

/** Says what went wrong in a line or three, without a stack trace unless `MP_DEBUG=1`; answers the exit code. */
export function explain(error: unknown, { stderr, env }: Io): ExitCode {
  const exit = exitCodeOf(error)
  const message = error instanceof Error ? error.message : String(error)
  stderr.write(`multipathd: ${exit === EXIT.internal ? 'internal error: ' : ''}${message}\n`)
  if (env['MP_DEBUG'] === '1' && error instanceof Error) stderr.write(`${error.stack}\n`)
  else if (exit === EXIT.internal) stderr.write('MP_DEBUG=1 shows where. Please report it.\n')
  return exit
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ExitError) return error.exit
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return KNOWN.find(([codes]) => codes.test(code))?.[1] ?? EXIT.internal
}
