import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Snapshot } from '../../daemon/snapshot.ts'
import { statusText } from '../../view/status-text.ts'
import { askDaemon, socketOf } from '../ask/daemon.ts'
import type { DaemonFlags } from '../ask/daemon.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'
import type { Io } from '../io.ts'
import { requireConfig } from '../load.ts'
import { print } from '../print.ts'
import { startInBackground } from './background.ts'
import { install } from './install.ts'

/** How long a daemon may take to undo what it made, ms. */
const END_MS = 10_000
const LOOK_MS = 50

interface UpFlags extends DaemonFlags {
  readonly background?: boolean
  readonly logFile?: string
  readonly stateDir?: string
  readonly logFormat?: string
  readonly logLevel?: string
}

/** Adds `up`, `down` and `install`. `start` runs the daemon with a config file in the foreground. */
export function addRunCommands(program: Command, io: Io, start: (file: string) => Promise<void>): void {
  program
    .command('up <config>')
    .description('start with a config: a file, or the name of one in /etc/multipathd')
    .option('-b, --background', 'go on without this terminal, once it runs')
    .option('--log-file <file>', 'with --background: where the log goes; default: beside the control socket')
    .action((config: string, _own, command: Command) => {
      const flags = command.optsWithGlobals<UpFlags>()
      return flags.background === true ? upInBackground(config, flags, io) : start(config)
    })
  program
    .command('down [config]')
    .description('stop a running daemon, and wait until it has undone what it made')
    .action((config: string | undefined) => down(config, program.opts(), io))
  program
    .command('install <config>')
    .description('copy a config and its keys to /etc/multipathd, and install a systemd unit that runs it')
    .option('--name <name>', 'what it is called there; default: the name of the file')
    .option('--root <folder>', 'install below this folder instead of /', '/')
    .action((file: string, flags: { readonly name?: string; readonly root: string }) =>
      install(file, flags, io),
    )
}

async function upInBackground(file: string, flags: UpFlags, io: Io): Promise<void> {
  const { logFile, insecure, stateDir, logFormat = 'json', logLevel } = flags
  const { tun } = requireConfig(file, { insecure })
  const socketPath = await socketOf({ ...flags, config: file }, io)
  const log = logFile ?? join(dirname(socketPath), `${tun.name}.log`)
  const [program = process.execPath, entry = ''] = io.argv ?? []
  const args = [entry, '-config', file, '--socket', socketPath, '--log-format', logFormat]
  if (insecure === true) args.push('--insecure')
  if (stateDir !== undefined) args.push('--state-dir', stateDir)
  if (logLevel !== undefined) args.push('--log-level', logLevel)
  const snapshot = await startInBackground({ program, args, socketPath, logFile: log })
  const status = statusText(snapshot).join('\n')
  await print(io.stdout, `${status}\n\nIt runs in the background; its log is in ${log}.\n`)
}

async function down(config: string | undefined, flags: DaemonFlags, io: Io): Promise<void> {
  const which = config === undefined ? flags : { ...flags, config }
  const { daemon } = await askDaemon(
    which,
    io,
    async (client) => (await client.request('status')) as Snapshot,
  )
  end(daemon.pid)
  for (let waitedMs = 0; isAlive(daemon.pid); waitedMs += LOOK_MS) {
    if (waitedMs > END_MS)
      throw new ExitError(EXIT.unavailable, `process ${daemon.pid} is still there after ${END_MS / 1000} s`)
    await sleep(LOOK_MS)
  }
  await print(io.stdout, `${daemon.name} is down\n`)
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EPERM') throw new ExitError(EXIT.noPermission, `process ${pid} is another user's: try sudo`)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
