import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Config, ParseOptions } from '../config/index.ts'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'
import type { Io } from './io.ts'
import { requireConfig } from './load.ts'
import { print } from './print.ts'

/** Adds `cleanup`, for who does not start a daemon again after it was killed. */
export function addCleanupCommand(program: Command, io: Io): void {
  program
    .command('cleanup <file>')
    .description('undo what a daemon with this config left of routes, rules and NAT when it was killed')
    .action((file: string) => cleanUp(requireConfig(file, program.opts<ParseOptions>()), io))
}

async function cleanUp({ tun: { name } }: Config, io: Io): Promise<void> {
  if (existsSync(`/sys/class/net/${name}`)) {
    const advice = 'a daemon uses it: stop that one, it cleans up by itself'
    throw new ExitError(EXIT.unavailable, `there is a device ${name}: ${advice}`)
  }
  const { undoLeftovers } = await import('../network/index.ts')
  const undone = await undoLeftovers(name)
  await print(io.stdout, undone === 0 ? 'nothing was left\n' : `undone: ${undone} changes\n`)
}
