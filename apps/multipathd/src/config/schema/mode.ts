import { z } from 'zod'
import type { ClassModes, PathMode } from '@mp/interface'
import { expecting } from '../fields.ts'

const EXPECTED = '"aggregate", "lowest-latency" or "redundant"'

const one = (): z.ZodType<PathMode> =>
  z.enum(['aggregate', 'lowest-latency', 'redundant'], { error: expecting(EXPECTED) })

const perClass = z.strictObject({
  bulk: one().optional().meta({ description: 'All that is neither of the others. Default: `aggregate`.' }),
  interactive: one().optional().meta({ description: 'Small and short flows. Default: `aggregate`.' }),
  critical: one().optional().meta({
    description: 'DNS, starts and ends of connections, small control packets. Default: `lowest-latency`.',
  }),
})

/** `mode` of the config: the mode of each class of traffic. */
export const mode: z.ZodType<ClassModes | undefined> = z
  .union([one().transform(sameForAll), perClass.transform(said)], {
    error: expecting(`${EXPECTED}, or an object with one for each class`),
  })
  .optional()
  .meta({
    description:
      'What several paths are for. `aggregate`: all of them carry, each packet takes the one on which it arrives first. ' +
      '`lowest-latency`: the fastest carries, another only while the queue of that one makes it slower. `redundant`: each packet ' +
      'takes all paths of its role, and the first to arrive counts. One for all traffic, or for each class. A server follows its clients.',
  })

function sameForAll(all: PathMode): ClassModes {
  return { bulk: all, interactive: all, critical: all }
}

function said({ bulk, interactive, critical }: z.infer<typeof perClass>): ClassModes {
  return { ...(bulk && { bulk }), ...(interactive && { interactive }), ...(critical && { critical }) }
}
