import type { z } from 'zod'
import type { Secret } from '@mp/secure-channel'
import { filePath, secretKey } from '../fields.ts'

/** A key that stands in a file of its own, not read yet. */
export interface KeyFile {
  /** As in the config: relative to the folder of the config file, or absolute. */
  readonly file: string
}

/** A key as `parseConfig` finds it; `loadKeys` makes a {@link Secret} of all of them. */
export type KeySource = Secret | KeyFile

/** The two ways to give a preshared key. */
export const presharedKeys: {
  readonly presharedKeyFile: z.ZodOptional<z.ZodString>
  readonly presharedKey: z.ZodOptional<z.ZodType<Secret, string>>
} = {
  presharedKeyFile: filePath()
    .optional()
    .meta({
      description: 'File with a key from `multipathd genpsk` that both sides have; mode 0600.',
      examples: ['client.psk'],
    }),
  presharedKey: secretKey().optional().meta({ description: 'The preshared key itself, instead of a file.' }),
}

/** Whichever of the two forms is there. */
export function sourceOf(secret: Secret | undefined, file: string | undefined): KeySource | undefined {
  return secret ?? (file === undefined ? undefined : { file })
}
