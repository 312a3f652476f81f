import { z } from 'zod'
import { expecting } from '../fields.ts'

/** From the least to the most important. */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** `auto`: text for a person at a terminal, else JSON. */
export const LOG_FORMATS = ['auto', 'text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** What the log looks like. */
export interface LogSettings {
  readonly format: LogFormat
  readonly level: LogLevel
}

/** `log` of the config. */
export const log: z.ZodType<LogSettings> = z
  .strictObject(
    {
      format: z
        .enum(LOG_FORMATS, { error: expecting('"auto", "text" or "json"') })
        .default('auto')
        .meta({
          description:
            'Short lines for people, or a JSON object a line. `auto`: text at a terminal, else JSON.',
        }),
      level: z
        .enum(LOG_LEVELS, { error: expecting('"info", "warn" or "error"') })
        .default('info')
        .meta({ description: 'Lines below it are left out.' }),
    },
    { error: expecting('an object') },
  )
  .prefault({})
  .meta({ description: 'What the log on the standard output looks like.' })
