import { z } from 'zod'
import { expecting, filePath, loopbackEndpoint } from '../fields.ts'

/** The page that shows what each line does. */
export interface DashboardSettings {
  /** Loopback address and port. */
  readonly listen: string
  /** File that keeps the token over restarts. Undefined: a new one each time. */
  readonly tokenFile?: string | undefined
}

/** Where the page is when the config says nothing. */
export const DASHBOARD_ENDPOINT = '127.0.0.1:2132'

/** `dashboard` of the config. */
export const dashboard: z.ZodType<DashboardSettings | undefined> = z
  .strictObject(
    {
      listen: loopbackEndpoint().default(DASHBOARD_ENDPOINT).meta({
        description:
          'Where the page is served: an address of this machine only. From elsewhere: `ssh -L 2132:127.0.0.1:2132`.',
      }),
      tokenFile: filePath()
        .optional()
        .meta({
          description:
            'Keeps the token over restarts, so that an open page goes on by itself; made when it is not there, mode ' +
            '0600. Default: a new token at each start.',
          examples: ['/var/lib/multipathd/dashboard.token'],
        }),
    },
    { error: expecting('an object') },
  )
  .optional()
  .meta({
    description:
      'Serves the page from the start. Without it `multipathd dashboard` has it served when asked for.',
  })
