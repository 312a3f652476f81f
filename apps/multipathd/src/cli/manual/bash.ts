import { optionsAt, stepsInto, valuesOf } from './cases.ts'
import { allCommands } from './command-tree.ts'
import type { CommandShape, ValueShape } from './command-tree.ts'

/** A script that completes the command line in bash. All of it is in the script: no key press starts Node. */
export function bashCompletion(tree: CommandShape): string {
  const commands = allCommands(tree)
  return `# bash completion for ${tree.name}: source <(${tree.name} completion bash)
_${tree.name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} place= words= index
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "$place:\${COMP_WORDS[index]}" in
${commands.flatMap(stepsInto).join('\n')}
    esac
  done
  case "$place:$previous" in
${commands.flatMap((command) => valuesOf(command, tree, completed)).join('\n')}
  esac
  case "$place" in
${commands.map((command) => wordsOf(command, tree)).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _${tree.name} ${tree.name}
`
}

function completed({ isFile, choices }: ValueShape): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$current"))`
  return isFile ? 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$current"))' : 'COMPREPLY=()'
}

function wordsOf(command: CommandShape, root: CommandShape): string {
  const flags = optionsAt(command, root).flatMap((option) => option.flags)
  const names = command.commands.map(({ name }) => name)
  const choices = command.values.flatMap((value) => value.choices)
  const words = `words='${[...names, ...choices, ...flags].join(' ')}'`
  if (!command.values.some(({ isFile }) => isFile)) return `    '${command.place}') ${words} ;;`
  return `    '${command.place}') ${words}
      if [[ $current != -* ]]; then compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return; fi ;;`
}
