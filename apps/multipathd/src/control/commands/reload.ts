import { z } from 'zod'
import { EXIT } from '../../cli/exit-codes.ts'
import { ExitError, messageOf } from '../../cli/explain.ts'
import { withPath, withPathChanged, withoutPath } from '../../daemon/path-edits.ts'
import type { ReloadOutcome } from '../../daemon/reload.ts'
import { query } from '../command.ts'
import type { Query } from '../command.ts'
import { ControlError } from '../protocol.ts'

const settings = z.record(z.string(), z.unknown())
const name = z.string().min(1)

/** What the config or the system does not allow is refused in its own words. */
async function asked(outcome: Promise<ReloadOutcome>): Promise<ReloadOutcome> {
  try {
    return await outcome
  } catch (error) {
    if (error instanceof ControlError) throw error
    const isUnread = error instanceof ExitError && error.exit === EXIT.noInput
    throw new ControlError(isUnread ? 'no-config' : 'refused', messageOf(error))
  }
}

export const reload: Query = query({
  name: 'reload',
  about: 'Reads the config file and follows it: what was applied, and what needs a restart.',
  params: z.strictObject({}),
  run: ({ living: { files } }) => asked(files.reload()),
})

export const addPath: Query = query({
  name: 'add-path',
  about: 'Uses one more path until the next start or reload; `path` as in the config file.',
  params: z.strictObject({ path: settings }),
  run: ({ living: { files } }, { path }) => asked(files.change((config) => withPath(config, path))),
})

export const removePath: Query = query({
  name: 'remove-path',
  about: 'Stops using a path until the next start or reload, without losing a packet.',
  params: z.strictObject({ name }),
  run: ({ living: { files } }, { name: path }) => asked(files.change((config) => withoutPath(config, path))),
})

export const setPath: Query = query({
  name: 'set-path',
  about: 'Uses a path in another way until the next start or reload; `settings` as in the config file.',
  params: z.strictObject({ name, settings }),
  run: ({ living: { files } }, params) =>
    asked(files.change((config) => withPathChanged(config, params.name, params.settings))),
})
