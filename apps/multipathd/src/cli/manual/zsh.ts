import { optionsAt, stepsInto, valuesOf } from './cases.ts'
import { allCommands } from './command-tree.ts'
import type { CommandShape, OptionShape, ValueShape } from './command-tree.ts'

/** A script that completes the command line in zsh, with what each word means beside it. */
export function zshCompletion(tree: CommandShape): string {
  const commands = allCommands(tree)
  return `#compdef ${tree.name}
# zsh completion for ${tree.name}: source <(${tree.name} completion zsh), or a file _${tree.name} in a folder of $fpath
_${tree.name}() {
  local place= index
  for ((index = 2; index < CURRENT; index++)); do
    case "$place:$words[index]" in
${commands.flatMap(stepsInto).join('\n')}
    esac
  done
  case "$place:$words[CURRENT-1]" in
${commands.flatMap((command) => valuesOf(command, tree, completed)).join('\n')}
  esac
  local -a found
  case "$place" in
${commands.map((command) => wordsOf(command, tree)).join('\n')}
  esac
  _describe '${tree.name}' found
}
if [ "$funcstack[1]" = "_${tree.name}" ]; then _${tree.name}; else compdef _${tree.name} ${tree.name}; fi
`
}

function completed({ name, isFile, choices }: ValueShape): string {
  if (choices.length > 0) return `compadd ${choices.join(' ')}`
  return isFile ? '_files' : `_message '${quoted(name)}'`
}

function wordsOf(command: CommandShape, root: CommandShape): string {
  const names = command.commands.map(({ name, about }) => described(name, about))
  const choices = command.values.flatMap((value) =>
    value.choices.map((choice) => described(choice, value.name)),
  )
  const flags = optionsAt(command, root).flatMap((option) => optionWords(option))
  const files = command.values.some(({ isFile }) => isFile) ? ' [[ $PREFIX == -* ]] || _files;' : ''
  return `    '${command.place}')${files} found=(${[...names, ...choices, ...flags].join(' ')}) ;;`
}

const optionWords = ({ flags, about }: OptionShape): string[] => flags.map((flag) => described(flag, about))

const described = (word: string, about: string): string => `'${word}:${quoted(about).replaceAll(':', '\\:')}'`

/** Inside of single quotes. */
const quoted = (text: string): string => text.replaceAll("'", "'\\''")
