import { z } from 'zod'
import type { CipherName } from '@mp/interface'
import type { Secret } from '@mp/secure-channel'
import { show } from '../fault.ts'
import { expecting, filePath, integer, publicKey } from '../fields.ts'
import { keyOrReference, presharedKeys, sourceOf } from './key-source.ts'
import type { KeySource } from './key-source.ts'

/** Keys and limits of the encryption. */
export interface Security<Key = Secret> {
  /** Of this side. */
  readonly privateKey: Key
  /** X25519 key of the server, 32 bytes. A client has it, a server has not. */
  readonly serverPublicKey?: Uint8Array | undefined
  /** The client's half of a key that the server's entry for this client has too. */
  readonly presharedKey?: Key | undefined
  /** `auto`: the one that is faster on both machines. */
  readonly cipher: 'auto' | CipherName
  /**
   * Handshakes a server computes per second for clients who have not shown that they receive at their address.
   * Without it the default of the secure channel.
   */
  readonly handshakesPerSecond?: number | undefined
}

const privateKeys = {
  privateKeyFile: filePath()
    .optional()
    .meta({
      description:
        'File with the private key of this side, one line as `multipathd genkey` prints it; mode 0600. ' +
        'Relative to the folder of the config.',
      examples: ['server.key'],
    }),
  privateKey: keyOrReference()
    .optional()
    .meta({ description: 'The private key itself, or `${FILE:PATH}`, instead of a file.' }),
}

const keys = z
  .strictObject({
    ...privateKeys,
    serverPublicKey: publicKey().optional().meta({
      description: 'Public key of the server, as `multipathd pubkey` prints it. A client needs it.',
    }),
    ...presharedKeys,
    cipher: z
      .enum(['auto', 'chacha20-poly1305', 'aes-256-gcm'], {
        error: expecting('"auto", "chacha20-poly1305" or "aes-256-gcm"'),
      })
      .default('auto')
      .meta({ description: 'How packets are encrypted. `auto` takes what is faster on both machines.' }),
    handshakesPerSecond: integer(1, 1_000_000)
      .optional()
      .meta({
        description:
          'Handshakes that a server computes per second for clients who have not shown that they receive at their ' +
          'address; above it they must show it first. Default: 50.',
      }),
  })
  .transform(({ privateKeyFile, privateKey, presharedKeyFile, presharedKey, ...rest }) => ({
    ...rest,
    // That there is one is looked at where the parts are held against each other.
    privateKey: sourceOf(privateKey, privateKeyFile)!,
    presharedKey: sourceOf(presharedKey, presharedKeyFile),
  }))

/** `security` of the config: `"none"`, or keys. */
export const security: z.ZodType<'none' | Security<KeySource> | undefined> = z
  .union([z.literal('none'), keys], {
    error: ({ input }) => `expected an object with keys, or "none" for no encryption; found ${show(input)}`,
  })
  .optional()
  .meta({
    description:
      'Keys of this side and of the other, from `multipathd init` or `multipathd genkey`. ' +
      '`"none"`: nothing is encrypted and anyone may join.',
  })
