import type { Command } from 'commander'
import { ControlClient, findSockets } from '../control/index.ts'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'
import type { Io } from './io.ts'

/** Adds `dashboard`. */
export function addDashboardCommand(program: Command, io: Io): void {
  program
    .command('dashboard')
    .description('print a link to the page that shows what each line does')
    .action(async () => {
      const client = await ControlClient.connect(
        socketOf(program.opts<{ readonly socket?: string }>().socket, io),
      )
      try {
        const { url } = (await client.request('dashboard')) as { readonly url: string }
        io.stdout.write(`${url}\n`)
      } finally {
        client.close()
      }
    })
}

function socketOf(named: string | undefined, { env }: Io): string {
  if (named !== undefined) return named
  const [only, ...others] = findSockets(env)
  if (only === undefined)
    throw new ExitError(EXIT.unavailable, 'no daemon runs here: start it, or name its --socket')
  if (others.length > 0)
    throw new ExitError(EXIT.usage, `several daemons run here: name one with --socket, such as ${only}`)
  return only
}
