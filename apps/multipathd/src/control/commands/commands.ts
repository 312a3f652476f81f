import { z } from 'zod'
import { query } from '../command.ts'
import type { Command, Query } from '../command.ts'

/** `commands`, which lists `all`, itself too. */
export function commandList(all: () => readonly Command[]): Query {
  return query({
    name: 'commands',
    about: 'All commands, each with what it does and the JSON Schema of its parameters.',
    params: z.strictObject({}),
    run: () =>
      all().map((command) => ({
        name: command.name,
        about: command.about,
        isSubscription: 'open' in command,
        params: z.toJSONSchema(command.params, { io: 'input' }),
      })),
  })
}
