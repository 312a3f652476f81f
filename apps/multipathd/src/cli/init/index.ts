import { createInterface } from 'node:readline'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { commandOf } from './command.ts'
import { createFiles, writeFiles } from './files.ts'
import { settingsOf } from './settings.ts'
import type { Ask, InitFlags } from './settings.ts'

const EXAMPLE = `
Example:
  multipathd init --server-endpoint 198.51.100.7:5000 --path dsl=192.168.1.20 --path lte@wwan0`

/** `init`: a server's and a client's config that fit together, with new keys. */
export function addInitCommand(program: Command, io: Io): void {
  program
    .command('init')
    .description('write a config for a server and one for a client, with new keys')
    .option('--server-endpoint <host:port>', 'where clients reach the server')
    .option('--path <name[=address|@device]>', 'a line of the client; once for each', collect)
    .option(
      '--tunnel-net <network>',
      'network whose first two addresses the ends get (default: 10.99.0.0/30)',
    )
    .option('--server-ip <address>', "instead of --tunnel-net: the server's address in the tunnel")
    .option('--client-ip <address>', "instead of --tunnel-net: the client's address in the tunnel")
    .option('--out <folder>', 'where the files go', '.')
    .option('--force', 'overwrite files that are there')
    .addHelpText('after', EXAMPLE)
    .action((flags: InitFlags) => init(flags, io))
}

const collect = (path: string, before: readonly string[] = []): readonly string[] => [...before, path]

async function init(flags: InitFlags, io: Io): Promise<void> {
  const { ask, close } = prompt(io)
  const settings = await settingsOf(flags, ask).finally(close)
  const { out, force = false } = flags
  writeFiles(out, createFiles(settings), force)
  const command = commandOf(io)
  await print(
    io.stdout,
    `Wrote server.json with server.key, and client.json with client.key, to ${resolve(out)}.
Bring each pair to its machine and keep the keys secret. Then run

  on the server:  sudo ${command} up ${join(out, 'server.json')}
  on the client:  sudo ${command} up ${join(out, 'client.json')}

\`doctor\` in the place of \`up\` looks first whether it can work there; \`up --background\` goes on without the terminal, and
\`install\` lets systemd run it.
`,
  )
}

/** Questions for the person at the terminal, if there is one. */
function prompt({ stdin, stderr }: Io): { readonly ask: Ask; readonly close: () => void } {
  if (stdin.isTTY !== true) return { ask: () => Promise.resolve(undefined), close: () => {} }
  const lines = createInterface({ input: stdin })
  const answers = lines[Symbol.asyncIterator]()
  return {
    ask: async (question) => {
      stderr.write(`${question}: `)
      const { done, value } = await answers.next()
      return done === true ? undefined : value.trim()
    },
    close: () => lines.close(),
  }
}
