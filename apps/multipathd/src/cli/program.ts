import { Command, Option } from 'commander'
import type { Secret } from '@mp/secure-channel'
import { configJsonSchema, NOT_ENCRYPTED } from '../config/index.ts'
import type { Config, Role } from '../config/index.ts'
import { nearest } from '../config/nearest.ts'
import { LOG_FORMATS, LOG_LEVELS } from '../config/schema/log.ts'
import type { LogFormat, LogLevel } from '../config/schema/log.ts'
import { programVersion } from '../program-version.ts'
import { addAskCommands } from './ask/index.ts'
import { addCleanupCommand } from './cleanup.ts'
import { addDoctorCommand } from './doctor.ts'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'
import { addInitCommand } from './init/index.ts'
import type { Io } from './io.ts'
import type { Reread } from '../daemon/reload-file.ts'
import { addKeyCommands } from './key-commands.ts'
import { addManualCommands } from './manual/index.ts'
import { faultText, loadConfig, requireConfig } from './load.ts'
import { print } from './print.ts'
import { addRunCommands } from './run/index.ts'

/** What the commands do; in production {@link runDaemon} and {@link runDemo}, loaded when needed. */
export interface Actions {
  daemon(config: Config, io: Io, reread: Reread): Promise<number>
  demo(options: DemoOptions): Promise<number>
}

export interface DemoOptions {
  readonly io: Io
  /** Emulated lines in virtual time even where real ones could be made. */
  readonly simulate: boolean
}

interface Flags {
  readonly config?: string
  readonly insecure?: boolean
  readonly stateDir?: string
  readonly socket?: string
  readonly logFormat?: LogFormat
  readonly logLevel?: LogLevel
}

const EXAMPLES = [
  ['multipathd init', 'write configs for a server and a client, with keys'],
  ['multipathd up client.json', 'start, in the role that the file says (isServer)'],
  ['multipathd doctor client.json', 'look whether it can work here, and how to mend what is wrong'],
  ['multipathd status --watch', 'show what each path of a running daemon does'],
  ['multipathd check client.json', 'say everything that is wrong with the file'],
  ['multipathd demo', 'three lines carry one download, on this machine'],
] as const

const AFTER_HELP = `
Examples:
${EXAMPLES.map(([command, about]) => `  ${command.padEnd(36)} ${about}`).join('\n')}

Exit codes: ${Object.entries(EXIT)
  .map(([name, code]) => `${code} ${name}`)
  .join(', ')}. MP_DEBUG=1 adds stack traces.`

/** What comes of a command line. */
export interface Outcome {
  /** The exit code of the command that ran. */
  exit: number
  /** What was asked about the program itself, to be printed. */
  help: string
}

/** The command line; what comes of it is put into `outcome`. */
export function createProgram(io: Io, actions: Actions, outcome: Outcome): Command {
  const finish = (code: number): void => {
    outcome.exit = code
  }
  const program: Command = new Command('multipathd')
  const start: Start = async (file, role) => {
    const { config, reread } = rereadable(file, role, program.opts<Flags>())
    finish(await actions.daemon(config, io, reread))
  }
  addOptions(program)
  program
    .description('Joins several internet lines into one IP link.')
    .version(programVersion(), '-v, --version', 'print the version')
    .addHelpText('after', AFTER_HELP)
    .configureOutput({
      writeOut: (text) => (outcome.help += text),
      writeErr: (text) => io.stderr.write(text),
    })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
  addStartCommands(program, start)
  addInitCommand(program, io)
  addRunCommands(program, io, start)
  addDoctorCommand(program, io, finish)
  addKeyCommands(program, io)
  addAskCommands(program, io, finish)
  addManualCommands(program, io, EXAMPLES)
  addCleanupCommand(program, io)
  addConfigCommands(program, io, finish)
  program
    .command('demo')
    .description('show on this machine what joined lines do; real links as root, else simulated')
    .option('--simulate', 'simulated links even as root')
    .action(async ({ simulate = false }: { simulate?: boolean }) =>
      finish(await actions.demo({ io, simulate })),
    )
  // Last, so that the commands do not inherit it: what is left over is looked at where there is no command.
  return program.allowExcessArguments()
}

/** Runs the daemon with a config file, in the role that the file says unless another one is given. */
type Start = (file: string, role?: Role) => Promise<void>

/** What starts the daemon with the file of `-config`: no command at all, or a role. */
function addStartCommands(program: Command, start: Start): void {
  const startAs = (role?: Role): Promise<void> => {
    const { config: file } = program.opts<Flags>()
    const [stray] = role === undefined ? program.args : []
    if (stray !== undefined) program.error(unknownCommand(stray, program))
    if (file === undefined) program.error('error: missing -config FILE; --help shows what else there is')
    return start(file, role)
  }
  program.action(() => startAs())
  for (const role of ['client', 'server'] as const) {
    program
      .command(role)
      .description(`start as ${role}; isServer in the file may be missing but must not say otherwise`)
      .action(() => startAs(role))
  }
}

/** The config of a file, and how to read it again later. @throws ExitError when it is faulty now. */
function rereadable(
  file: string,
  role: Role | undefined,
  flags: Flags,
): { readonly config: Config; readonly reread: Reread } {
  const options = { role, insecure: flags.insecure, knownKeys: new Map<string, Secret>() }
  const reread: Reread = () => {
    const read = loadConfig(file, options)
    return 'config' in read ? { config: withFlags(read.config, flags) } : read
  }
  return { config: withFlags(requireConfig(file, options), flags), reread }
}

function addConfigCommands(program: Command, io: Io, finish: (code: number) => void): void {
  const printSchema = (): Promise<void> =>
    print(io.stdout, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`)
  program
    .command('check <file>')
    .description(
      'print every fault of a config and its key files with its path; exit code 1 when there is one',
    )
    .action(async (file: string) => finish(await check(file, program.opts<Flags>(), io)))
  program
    .command('config')
    .description('what there is to know about config files')
    .command('schema')
    .description('print the JSON Schema of the config file, for editors')
    .action(printSchema)
  program.command('config-schema', { hidden: true }).action(printSchema)
}

/** What the command line says goes before what the file says. */
function withFlags(config: Config, { socket, stateDir, logFormat, logLevel }: Flags): Config {
  const { control, log } = config
  return {
    ...config,
    stateDir: stateDir ?? config.stateDir,
    control: { socket: socket ?? control.socket },
    log: { format: logFormat ?? log.format, level: logLevel ?? log.level },
  }
}

function addOptions(program: Command): void {
  program
    .helpOption('-h, --help', 'print this help')
    .option(
      '-c, --config <file>',
      'the config: a file, or the name of one in /etc/multipathd; -config works too',
    )
    .option('--insecure', 'run without encryption although the config does not say "security": "none"')
    .option(
      '--socket <file>',
      'the control socket of the daemon; default: as in the config, or the only one there is',
    )
    .option(
      '--state-dir <folder>',
      'folder for what is kept across restarts, instead of `stateDir` of the config',
    )
    .addOption(
      new Option('--log-format <format>', 'what the log looks like, as in the config').choices(LOG_FORMATS),
    )
    .addOption(
      new Option('--log-level <level>', 'what is left out of the log, as in the config').choices(LOG_LEVELS),
    )
}

function unknownCommand(word: string, { commands }: Command): string {
  const names = commands.map((command) => command.name())
  return `error: unknown command '${word}'\n(Did you mean ${nearest(word, names)}?)`
}

async function check(file: string, { config, insecure }: Flags, io: Io): Promise<number> {
  if (config !== undefined)
    throw new ExitError(EXIT.usage, '`check FILE` takes no -config: name the file once')
  const result = loadConfig(file, { insecure })
  if ('faults' in result) {
    await print(io.stdout, `${faultText(file, result.faults)}\n`)
    return EXIT.faults
  }
  const { isServer, security } = result.config
  await print(io.stdout, `${file} is right: a config for a ${isServer ? 'server' : 'client'}\n`)
  if (security === 'none') io.stderr.write(`multipathd: WARNING: ${NOT_ENCRYPTED}\n`)
  return EXIT.ok
}
