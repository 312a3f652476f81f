import { EXIT } from '../exit-codes.ts'
import { allCommands } from './command-tree.ts'
import type { CommandShape, OptionShape, ValueShape } from './command-tree.ts'

/** What of the page is not in the command line. */
export interface Imprint {
  readonly version: string
  /** `example` and what it does. */
  readonly examples: readonly (readonly [command: string, about: string])[]
}

/** The manual page, section 8, for \`man\`. */
export function manPage(tree: CommandShape, { version, examples }: Imprint): string {
  const commands = allCommands(tree).slice(1)
  return lines([
    `.TH ${tree.name.toUpperCase()} 8 "" "${tree.name} ${version}" "System Manager's Manual"`,
    '.SH NAME',
    `${tree.name} \\- ${text(lowerFirst(tree.about).replace(/\.$/, ''))}`,
    '.SH SYNOPSIS',
    `.B ${tree.name}\n.B \\-\\-config\n.I file`,
    '.br',
    `.B ${tree.name}\n.I command\n[options]`,
    '.SH DESCRIPTION',
    text(tree.about),
    'Without a command it runs as a client or a server, as the config says, until it is ended by SIGINT or SIGTERM.',
    '.SH OPTIONS',
    ...tree.options.map(optionEntry),
    '.SH COMMANDS',
    ...commands.flatMap(commandEntry),
    '.SH EXIT STATUS',
    ...Object.entries(EXIT).map(([name, code]) => `.TP\n.B ${code}\n${text(spaced(name))}`),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.map(([name, about]) => `.TP\n.B ${text(name)}\n${text(about)}`),
    '.SH FILES',
    `.TP\n.I /run/${tree.name}/NAME.sock\nThe control socket of a daemon that root started.`,
    '.SH EXAMPLES',
    ...examples.map(([command, about]) => `.TP\n.B ${text(command)}\n${text(about)}`),
    '.SH SEE ALSO',
    '.BR ip (8),\n.BR wg (8)',
  ])
}

const ENVIRONMENT = [
  ['MP_DEBUG', '1 adds stack traces to messages.'],
  ['MP_NATIVE', 'off does without the native addon.'],
  ['NO_COLOR', 'If it is set, no colours are used.'],
  ['XDG_RUNTIME_DIR', 'Where control sockets of users other than root are.'],
] as const

function commandEntry({ place, about, options, values }: CommandShape): string[] {
  const own = options.filter(({ flags }) => !flags.includes('--help'))
  return [
    `.SS ${text([place, ...values.map(valueName)].join(' '))}`,
    text(sentence(about)),
    ...own.map(optionEntry),
  ]
}

function optionEntry({ flags, about, value }: OptionShape): string {
  const names = flags.map((flag) => `\\fB${text(flag)}\\fR`).join(', ')
  const taken = value === undefined ? '' : ` ${valueText(value)}`
  const choices =
    value === undefined || value.choices.length === 0 ? '' : ` One of ${value.choices.join(', ')}.`
  return `.TP\n${names}${taken}\n${text(sentence(about) + choices)}`
}

const valueName = ({ name, isOptional }: ValueShape): string => (isOptional ? `[${name}]` : `<${name}>`)

const valueText = ({ name, isOptional }: ValueShape): string =>
  isOptional ? `[\\fI${text(name)}\\fR]` : `\\fI${text(name)}\\fR`

/** Not to be taken for requests or escapes; a dash is one that can be copied. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('`', '')
    .replaceAll(/^([.'])/gm, '\\&$1')
}

const sentence = (about: string): string =>
  `${about.charAt(0).toUpperCase()}${about.slice(1)}${/[.;]$/.test(about) ? '' : '.'}`
const lowerFirst = (about: string): string => about.charAt(0).toLowerCase() + about.slice(1)
const spaced = (name: string): string =>
  sentence(name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))
const lines = (parts: readonly string[]): string => `${parts.join('\n')}\n`
