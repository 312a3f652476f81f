import { Argument } from 'commander'
import type { Command } from 'commander'
import { programVersion } from '../../program-version.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { bashCompletion } from './bash.ts'
import { treeOf } from './command-tree.ts'
import type { CommandShape } from './command-tree.ts'
import { fishCompletion } from './fish.ts'
import { manPage } from './man-page.ts'
import type { Imprint } from './man-page.ts'
import { zshCompletion } from './zsh.ts'

type Shell = 'bash' | 'zsh' | 'fish'

const SHELLS: Readonly<Record<Shell, (tree: CommandShape) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** `completion` and `man`: both are made of the command line as it is, so they name what there is. */
export function addManualCommands(program: Command, { stdout }: Io, examples: Imprint['examples']): void {
  program
    .command('completion')
    .description('print a script that completes this command line: `source <(multipathd completion bash)`')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .action((shell: Shell) => print(stdout, SHELLS[shell](treeOf(program))))
  program
    .command('man')
    .description('print the manual page: `multipathd man | man -l -`')
    .action(() => print(stdout, manPage(treeOf(program), { version: programVersion(), examples })))
}
