import { z } from 'zod'

/** How packets are shared among paths. */
export type Scheduling = 'adaptive' | 'static'

/** `scheduling` of the config. */
export const scheduling: z.ZodType<Scheduling> = z
  .enum(['adaptive', 'static'])
  .default('adaptive')
  .meta({
    description:
      '`adaptive`: each packet takes the path on which it will arrive first, what paths carry is measured all the ' +
      'time, order is restored and losses are repaired; weights do not count. `static`: bytes are shared by the ' +
      'weights of the paths, at once, and nothing else is done. Both sides should say the same.',
  })
