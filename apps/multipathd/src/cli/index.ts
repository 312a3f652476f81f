import { CommanderError } from 'commander'
import type { Command } from 'commander'
import { EXIT } from './exit-codes.ts'
import { explain } from './explain.ts'
import type { Io } from './io.ts'
import { print } from './print.ts'
import { createProgram } from './program.ts'
import type { Actions, Outcome } from './program.ts'

/** Loaded only when one of them runs: `check` must not need what the daemon needs. */
const ACTIONS: Actions = {
  daemon: async (...given) => (await import('../daemon/index.ts')).runDaemon(...given),
  demo: async (options) => (await import('../demo/index.ts')).runDemo(options),
}

/** Runs a command line, without the names of Node and of the program; answers the exit code. Never throws. */
export async function main(argv: readonly string[], io: Io, actions: Actions = ACTIONS): Promise<number> {
  const outcome: Outcome = { exit: EXIT.ok, help: '' }
  try {
    await parse(createProgram(io, actions, outcome), argv, outcome)
    if (outcome.help !== '') await print(io.stdout, outcome.help)
    return outcome.exit
  } catch (error) {
    return explain(error, io)
  }
}

async function parse(program: Command, argv: readonly string[], outcome: Outcome): Promise<void> {
  try {
    await program.parseAsync(withTwoDashes(argv), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help and version end that way too, with 0; all else has been said by then.
    if (error.exitCode !== 0) outcome.exit = EXIT.usage
  }
}

/** Long options with one dash, as the flags of Go programs: `-config FILE`, `-config=FILE`. */
function withTwoDashes(argv: readonly string[]): string[] {
  return argv.map((argument) => (/^-[a-z][a-z-]+(=|$)/.test(argument) ? `-${argument}` : argument))
}
