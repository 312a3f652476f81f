import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { ReloadOutcome } from '../../daemon/reload.ts'
import { pathsText } from '../../view/paths-text.ts'
import { printable } from '../../view/table.ts'
import { EXIT } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { askDaemon } from './daemon.ts'
import type { DaemonFlags } from './daemon.ts'
import { show } from './watch.ts'
import type { View } from './watch.ts'

/** Keys of a path with their values, as they would stand in the config file. */
type Settings = Readonly<Record<string, unknown>>

const PATHS: View = {
  lines: pathsText,
  json: ({ peers }) => peers.map(({ name, paths }) => ({ name, paths })),
}

/** A command of the control socket that changes the daemon. */
interface Change {
  readonly name: string
  readonly params?: object
}

/** Asks for a change with the flags of the command line that wants it, and prints what became of it. */
type Ask = (change: Change, command: Command) => Promise<void>

/** The commands that change a running daemon. */
export function addChangeCommands(program: Command, io: Io, finish: (code: number) => void): void {
  const ask: Ask = async ({ name, params }, command) => {
    const flags = command.optsWithGlobals<DaemonFlags>()
    const outcome = (await askDaemon(flags, io, (client) => client.request(name, params))) as ReloadOutcome
    await print(io.stdout, `${outcomeText(outcome).join('\n')}\n`)
    if (outcome.needsRestart.length > 0) finish(EXIT.faults)
  }
  program
    .command('reload')
    .description('have a running daemon follow its config file; exit code 1 when some of it needs a restart')
    .action((_own, command: Command) => ask({ name: 'reload' }, command))
  const paths = program.command('paths').description('the paths of a running daemon, and changes of them')
  paths
    .command('list', { isDefault: true })
    .description('list the paths of a running daemon and where they lead')
    .option('--json', 'as JSON')
    .action((_own, command: Command) => show(command.optsWithGlobals(), io, PATHS))
  addPathChanges(paths, ask)
}

function addPathChanges(paths: Command, ask: Ask): void {
  const values = 'keys as of a path in the config file, such as'
  paths
    .command('add')
    .description('use one more path until the next start or reload')
    .argument('<name>', 'what it is called')
    .argument('<settings...>', `${values} remoteAddr=192.0.2.7:5000`, addSetting)
    .action((name: string, settings: Settings, _own, command: Command) =>
      ask({ name: 'add-path', params: { path: { ...settings, name } } }, command),
    )
  paths
    .command('remove')
    .description('stop using a path until the next start or reload, without losing a packet')
    .argument('<name>', 'what it is called')
    .action((name: string, _own, command: Command) => ask({ name: 'remove-path', params: { name } }, command))
  paths
    .command('set')
    .description('use a path in another way until the next start or reload')
    .argument('<name>', 'what it is called')
    .argument('<settings...>', `${values} role=backup; null takes one away`, addSetting)
    .action((name: string, settings: Settings, _own, command: Command) =>
      ask({ name: 'set-path', params: { name, settings } }, command),
    )
}

function outcomeText({ applied, needsRestart }: ReloadOutcome): string[] {
  if (applied.length === 0 && needsRestart.length === 0) return ['nothing changed']
  return [...section('applied:', applied), ...section('needs a restart:', needsRestart)]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${printable(line)}`)]
}

/** Takes in one more `KEY=VALUE`. */
function addSetting(text: string, before: Settings = {}): Settings {
  const [, key, value] = /^(\w+)=(.*)$/s.exec(text) ?? []
  if (key === undefined) throw new InvalidArgumentError('Expected KEY=VALUE, such as weight=2.')
  return { ...before, [key]: valueOf(value!) }
}

/** JSON where it is some, such as a number, `null` or `{"bytes":"20 GB"}`, else a text that needs no quotes. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}
