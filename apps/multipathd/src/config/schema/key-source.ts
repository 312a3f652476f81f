import type { z } from 'zod'
import { Secret } from '@mp/secure-channel'
import { filePath, referenceIn, secretText } from '../fields.ts'

/** A key that stands in a file of its own, not read yet. */
export interface KeyFile {
  /** As in the config: relative to the folder of the config file, or absolute. */
  readonly file: string
  /** It is named in the place of the key, `${FILE:…}`, and not by a key of its own that ends in `File`. */
  readonly isInline: boolean
}

/** A key as `parseConfig` finds it; `loadKeys` makes a {@link Secret} of all of them. */
export type KeySource = Secret | KeyFile

/** A key itself, or `${FILE:PATH}` for one that stands in a file. */
export const keyOrReference = (): z.ZodType<KeySource, string> =>
  secretText().transform((value) => {
    const file = referenceIn(value)
    return file === undefined ? Secret.fromBase64(value)! : { file, isInline: true }
  })

/** The two ways to give a preshared key. */
export const presharedKeys: {
  readonly presharedKeyFile: z.ZodOptional<z.ZodString>
  readonly presharedKey: z.ZodOptional<z.ZodType<KeySource, string>>
} = {
  presharedKeyFile: filePath()
    .optional()
    .meta({
      description: 'File with a key from `multipathd genpsk` that both sides have; mode 0600.',
      examples: ['client.psk'],
    }),
  presharedKey: keyOrReference()
    .optional()
    .meta({ description: 'The preshared key itself, or `${FILE:PATH}`, instead of a file.' }),
}

/** Whichever of the two forms is there. */
export function sourceOf(key: KeySource | undefined, file: string | undefined): KeySource | undefined {
  return key ?? (file === undefined ? undefined : { file, isInline: false })
}
