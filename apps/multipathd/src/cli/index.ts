import { CommanderError } from 'commander'
import { EXIT } from './exit-codes.ts'
import { explain } from './explain.ts'
import type { Io } from './io.ts'
import { createProgram } from './program.ts'
import type { Actions } from './program.ts'

/** Loaded only when one of them runs: `check` must not need what the daemon needs. */
const ACTIONS: Actions = {
  daemon: async (...given) => (await import('../daemon/index.ts')).runDaemon(...given),
  demo: async (options) => (await import('../demo/index.ts')).runDemo(options),
}

/** Runs a command line, without the names of Node and of the program; answers the exit code. Never throws. */
export async function main(argv: readonly string[], io: Io, actions: Actions = ACTIONS): Promise<number> {
  let exit: number = EXIT.ok
  try {
    const program = createProgram(io, actions, (code) => {
      exit = code
    })
    await program.parseAsync(withTwoDashes(argv), { from: 'user' })
    return exit
  } catch (error) {
    // Help and version end that way too, with 0; all else has been said by then.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return explain(error, io)
  }
}

/** Long options with one dash, as the flags of Go programs: `-config FILE`, `-config=FILE`. */
function withTwoDashes(argv: readonly string[]): string[] {
  return argv.map((argument) => (/^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument))
}
