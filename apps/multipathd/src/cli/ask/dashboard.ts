import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { askDaemon } from './daemon.ts'
import type { DaemonFlags } from './daemon.ts'

/** Prints the address of the daemon's page, with the token in it, which lets in whoever opens it. */
export async function printLink(flags: DaemonFlags, io: Io): Promise<void> {
  const { url } = await askDaemon(flags, io, async (client) => {
    return (await client.request('dashboard')) as { readonly url: string }
  })
  await print(io.stdout, `${url}\n`)
}
