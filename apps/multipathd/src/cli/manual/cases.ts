import type { CommandShape, OptionShape, ValueShape } from './command-tree.ts'

/** Branches of `case` as bash and zsh both read them: from a place into the commands there. */
export function stepsInto({ place, commands }: CommandShape): string[] {
  return commands.map((each) => `      '${place}:${each.name}') place='${each.place}' ;;`)
}

/** Likewise: what follows an option that takes something; `completed` says how the shell completes that. */
export function valuesOf(
  command: CommandShape,
  root: CommandShape,
  completed: (value: ValueShape) => string,
): string[] {
  return optionsAt(command, root).flatMap(({ flags, value }) =>
    value === undefined || value.isOptional
      ? []
      : flags.map((flag) => `    '${command.place}:${flag}') ${completed(value)}; return ;;`),
  )
}

/** Options of the program may stand anywhere. */
export function optionsAt(command: CommandShape, root: CommandShape): readonly OptionShape[] {
  if (command === root) return root.options
  const own = new Set(command.options.flatMap(({ flags }) => flags))
  const global = root.options.filter(({ flags }) =>
    flags.every((flag) => !own.has(flag) && flag !== '--version'),
  )
  return [...command.options, ...global]
}
