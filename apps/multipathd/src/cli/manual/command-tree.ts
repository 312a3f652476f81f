import type { Argument, Command, Option } from 'commander'

/** What can follow an option or stand as an argument. */
export interface ValueShape {
  /** As in the help: `file`, `seconds`. */
  readonly name: string
  readonly isFile: boolean
  readonly isOptional: boolean
  readonly choices: readonly string[]
}

export interface OptionShape {
  /** `-c`, `--config` */
  readonly flags: readonly string[]
  readonly about: string
  /** Undefined for one that stands alone. */
  readonly value: ValueShape | undefined
}

/** A command and all below it, as the help knows them. */
export interface CommandShape {
  /** All words that lead to it, without the program: `paths add`; empty for the program itself. */
  readonly place: string
  readonly name: string
  readonly about: string
  /** Its own, and help. */
  readonly options: readonly OptionShape[]
  readonly values: readonly ValueShape[]
  readonly commands: readonly CommandShape[]
}

const FILES = new Set(['file', 'folder'])

/** The shape of a command line, without what is hidden. */
export function treeOf(command: Command, place = ''): CommandShape {
  const help = command.createHelp()
  return {
    place,
    name: command.name(),
    about: command.description(),
    options: help.visibleOptions(command).map(optionShape),
    values: command.registeredArguments.map((argument) => argumentShape(argument)),
    commands: command.commands.map((each) => treeOf(each, `${place} ${each.name()}`.trim())),
  }
}

/** The command itself and all below it. */
export function allCommands(tree: CommandShape): readonly CommandShape[] {
  return [tree, ...tree.commands.flatMap(allCommands)]
}

function optionShape({ short, long, description, flags, argChoices = [] }: Option): OptionShape {
  const name = /[<[](.+)[>\]]/.exec(flags)?.[1] ?? ''
  const value = { name, isFile: FILES.has(name), isOptional: flags.includes(' ['), choices: argChoices }
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    about: description,
    value: name === '' ? undefined : value,
  }
}

function argumentShape(argument: Argument): ValueShape {
  const name = argument.name()
  return { name, isFile: FILES.has(name), isOptional: !argument.required, choices: argument.argChoices ?? [] }
}
