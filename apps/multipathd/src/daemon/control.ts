import type { Io } from '../cli/io.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import type { ControlContext } from '../control/command.ts'
import { COMMANDS, defaultSocketPath, openControl } from '../control/index.ts'
import type { ControlServer } from '../control/index.ts'

/**
 * Opens the control socket where the config says, else where daemons have theirs. A place that was asked for must be
 * usable; without the usual one the daemon runs all the same, and says so.
 */
export async function startControl(
  { control: { socket }, tun: { name } }: Config,
  { io: { env }, log }: { readonly io: Io; readonly log: Log },
  context: ControlContext,
): Promise<ControlServer | undefined> {
  if (socket === 'none') return undefined
  const path = socket ?? defaultSocketPath(name, env)
  const onFault = (error: unknown): void =>
    log.error(`a command of the control socket failed, please report it: ${String(error)}`)
  try {
    if (path !== undefined) return await openControl(path, { context, commands: COMMANDS, onFault })
    warn(log, 'there is no place for it, since XDG_RUNTIME_DIR is not set')
  } catch (error) {
    if (socket !== undefined) throw error
    warn(log, error instanceof Error ? error.message : String(error))
  }
  return undefined
}

function warn(log: Log, why: string): void {
  log.warn(
    `no control socket: ${why}. \`status\` and the like need one: set "control.socket" in the config, or to "none"`,
  )
}
