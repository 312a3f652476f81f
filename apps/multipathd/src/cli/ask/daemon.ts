import { ControlClient, answering, findSockets, socketPathOf } from '../../control/index.ts'
import type { ParseOptions } from '../../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'
import type { Io } from '../io.ts'
import { requireParsed } from '../load.ts'

/** Flags that say which daemon is meant. */
export interface DaemonFlags {
  readonly config?: string | undefined
  readonly socket?: string | undefined
  /** The config need not speak of security. */
  readonly insecure?: boolean | undefined
}

/** Asks the daemon that is meant; the connection is closed afterwards. */
export async function askDaemon<T>(
  flags: DaemonFlags,
  io: Io,
  ask: (client: ControlClient) => Promise<T>,
): Promise<T> {
  const client = await ControlClient.connect(await socketOf(flags, io))
  try {
    return await ask(client)
  } finally {
    client.close()
  }
}

/** Where the daemon that is meant answers. Rejects with an {@link ExitError} when that cannot be said. */
export async function socketOf(
  { config: file, socket, insecure }: DaemonFlags,
  { env }: Io,
): Promise<string> {
  if (socket !== undefined) return socket
  if (file !== undefined) return socketInConfig(file, { insecure }, env)
  const found = findSockets(env)
  if (found.length === 1) return found[0]!
  const living = await answering(found)
  if (living.length === 1) return living[0]!
  if (living.length > 1)
    throw new ExitError(
      EXIT.usage,
      `several daemons run here: name one of them with --socket: ${living.join(', ')}`,
    )
  throw new ExitError(
    EXIT.unavailable,
    'no daemon of this user was found: start one, try sudo, or name its socket with --socket FILE',
  )
}

function socketInConfig(file: string, options: ParseOptions, env: Io['env']): string {
  const path = socketPathOf(requireParsed(file, options), env)
  if (path !== undefined) return path
  throw new ExitError(
    EXIT.unavailable,
    `by "${file}" the daemon has no control socket: set "control.socket" there, and start it again`,
  )
}
