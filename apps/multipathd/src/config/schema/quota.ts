import { z } from 'zod'
import { byteCount, expecting, integer } from '../fields.ts'

/** How much may go over a metered line, and what becomes of it then. */
export interface Quota {
  /** Sent and received together in one period, with IP and UDP headers, bytes. */
  readonly bytes: number
  /** On which day of the month a new period begins, local time; in a shorter month on its last day. */
  readonly resetDay: number
  /** What the path is from then on: a backup, or out of use. */
  readonly whenUsed: 'backup' | 'stop'
  /** A warning is logged when this share is used, percent. */
  readonly warnPercent: number
}

/** `client.remotePaths[].quota` of the config. */
export const quota: z.ZodType<Quota | undefined> = z
  .strictObject(
    {
      bytes: byteCount().meta({
        description: 'Sent and received together in a month, with the headers of IP and UDP.',
        examples: ['20 GB'],
      }),
      resetDay: integer(1, 31)
        .default(1)
        .meta({ description: 'The day of the month on which counting begins anew, local time.' }),
      whenUsed: z
        .enum(['backup', 'stop'], { error: expecting('"backup" or "stop"') })
        .default('backup')
        .meta({
          description:
            'What becomes of the path once all is used: `backup` is for when no other path works, `stop` carries nothing but probes.',
        }),
      warnPercent: integer(1, 100)
        .default(80)
        .meta({ description: 'From which share on a warning is logged, percent.' }),
    },
    { error: expecting('an object') },
  )
  .optional()
  .meta({
    description:
      'A metered line: how much may go over it. What was used is kept in `stateDir` across restarts.',
  })
