import { z } from 'zod'
import { expecting, socketPath } from '../fields.ts'

/** How other commands reach the daemon. */
export interface Control {
  /** Path of its socket, `none` for no socket, undefined for the usual place. */
  readonly socket?: string | undefined
}

/** `control` of the config. */
export const control: z.ZodType<Control> = z
  .strictObject(
    {
      socket: socketPath()
        .optional()
        .meta({
          description:
            'Path of the socket that `multipathd status` and others ask; mode 0600. `"none"`: there is none. Default: ' +
            '`/run/multipathd/NAME.sock` for root, else in `XDG_RUNTIME_DIR`, with the name of the TUN device.',
          examples: ['/run/multipathd/home.sock'],
        }),
    },
    { error: expecting('an object') },
  )
  .prefault({})
  .meta({ description: 'How other commands reach the daemon.' })
