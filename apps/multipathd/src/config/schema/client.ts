import { MAX_PATHS } from '@mp/tunnel'
import { z } from 'zod'
import { expecting } from '../fields.ts'
import { remotePath } from './remote-path.ts'
import type { RemotePath } from './remote-path.ts'

/** The client's side of one server. */
export interface Client {
  readonly remotePaths: readonly RemotePath[]
}

/** `client` of the config. */
export const client: z.ZodType<Client> = z
  .strictObject(
    {
      remotePaths: z
        .array(remotePath, { error: expecting('a list of paths') })
        .max(MAX_PATHS, {
          error: ({ input }) =>
            `expected at most ${MAX_PATHS} paths, found ${(input as readonly unknown[]).length}`,
        })
        .default([])
        .transform((paths) =>
          paths.map((path, index) => ({ ...path, name: path.name ?? `path${index + 1}` })),
        )
        .meta({
          description: 'The ways to the server, one entry each, at most 32. A client needs at least one.',
        }),
    },
    { error: expecting('an object') },
  )
  .prefault({})
  .meta({ description: 'Used in the client role.' })
