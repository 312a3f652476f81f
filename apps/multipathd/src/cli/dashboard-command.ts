import type { Command } from 'commander'
import { askDaemon } from './ask/daemon.ts'
import type { DaemonFlags } from './ask/daemon.ts'
import type { Io } from './io.ts'

/** Adds `dashboard`. */
export function addDashboardCommand(program: Command, io: Io): void {
  program
    .command('dashboard')
    .description('print a link to the page that shows what each line does')
    .action((_own, command: Command) =>
      askDaemon(command.optsWithGlobals<DaemonFlags>(), io, async (client) => {
        const { url } = (await client.request('dashboard')) as { readonly url: string }
        io.stdout.write(`${url}\n`)
      }),
    )
}
