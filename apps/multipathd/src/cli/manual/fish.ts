import { allCommands } from './command-tree.ts'
import type { CommandShape, OptionShape, ValueShape } from './command-tree.ts'

/** A script that completes the command line in fish. */
export function fishCompletion(tree: CommandShape): string {
  const { name } = tree
  const commands = allCommands(tree)
  return `# fish completion for ${name}: ${name} completion fish | source
function __${name}_is_at
  set -l place
  for word in (commandline -opc)[2..-1]
    switch "$place:$word"
${commands.flatMap(stepsInto).join('\n')}
    end
  end
  test "$place" = "$argv[1]"
end
complete -c ${name} -f
${tree.options.map((option) => `complete -c ${name}${optionWords(option)}`).join('\n')}
${commands.flatMap((command) => linesOf(command, tree)).join('\n')}
`
}

function stepsInto({ place, commands }: CommandShape): string[] {
  return commands.map((each) => `      case '${place}:${each.name}'\n        set place '${each.place}'`)
}

function linesOf(command: CommandShape, { name, options }: CommandShape): string[] {
  const at = `complete -c ${name} -n '__${name}_is_at "${command.place}"'`
  const known = new Set(options.flatMap(({ flags }) => flags))
  const own = command.options.filter(({ flags }) => flags.every((flag) => !known.has(flag)))
  return [
    ...command.commands.map((each) => `${at} -a '${each.name}' -d '${quoted(each.about)}'`),
    ...command.values.map((value) => `${at}${valueWords(value)}`),
    ...own.map((option) => `${at}${optionWords(option)}`),
  ]
}

function optionWords({ flags, about, value }: OptionShape): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
  const taken = value === undefined || value.isOptional ? '' : ` -r${valueWords(value)}`
  return `${names.join('')} -d '${quoted(about)}'${taken}`
}

function valueWords({ isFile, choices }: ValueShape): string {
  if (choices.length > 0) return ` -a '${choices.join(' ')}'`
  return isFile ? ' -F' : ''
}

/** Inside of single quotes. */
const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
