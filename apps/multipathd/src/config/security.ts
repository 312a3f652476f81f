import { z } from 'zod'
import type { CipherName } from '@mp/interface'
import type { Secret } from '@mp/secure-channel'
import { show } from './fault.ts'
import { expecting, filePath, integer, label, network, publicKey, secretKey } from './fields.ts'

/** A key that stands in a file of its own, not read yet. */
export interface KeyFile {
  /** As in the config: relative to the folder of the config file, or absolute. */
  readonly file: string
}

/** A key as `parseConfig` finds it; `loadKeys` makes a {@link Secret} of all of them. */
export type KeySource = Secret | KeyFile

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

/** One client of a server. */
export interface Peer<Key = Secret> {
  /** For people: in the log, the status and the metrics. Unique. */
  readonly name: string
  /** X25519 key of the client, 32 bytes. Unique. */
  readonly publicKey: Uint8Array
  readonly presharedKey?: Key | undefined
  /** Networks of which the client may send, and which lead to it; at least one. No network has two peers. */
  readonly allowedIPs: readonly string[]
}

const object = expecting('an object')

const privateKeys = {
  privateKeyFile: filePath()
    .optional()
    .meta({
      description:
        'File with the private key of this side, one line as `multipathd genkey` prints it; mode 0600. ' +
        'Relative to the folder of the config.',
      examples: ['server.key'],
    }),
  privateKey: secretKey().optional().meta({ description: 'The private key itself, instead of a file.' }),
}

const presharedKeys = {
  presharedKeyFile: filePath()
    .optional()
    .meta({
      description: 'File with a key from `multipathd genpsk` that both sides have; mode 0600.',
      examples: ['client.psk'],
    }),
  presharedKey: secretKey().optional().meta({ description: 'The preshared key itself, instead of a file.' }),
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

/** `"none"`, or keys. */
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

const peer = z
  .strictObject(
    {
      name: label()
        .optional()
        .meta({ description: 'What the client is called in the log and the status. Default: `peer1`, …' }),
      publicKey: publicKey().meta({
        description: 'Public key of the client, as `multipathd pubkey` prints it.',
      }),
      ...presharedKeys,
      allowedIPs: z
        .array(network(), { error: expecting('a list of networks') })
        .min(1, { error: 'expected at least one network: the address of the client in the tunnel' })
        .meta({
          description:
            'Networks that the client may send from and that lead to it: its tunnel address at least.',
          examples: [['10.8.0.2/32']],
        }),
    },
    { error: object },
  )
  .transform(({ presharedKeyFile, presharedKey, ...rest }) => ({
    ...rest,
    presharedKey: sourceOf(presharedKey, presharedKeyFile),
  }))

export const peers: z.ZodType<Peer<KeySource>[]> = z
  .array(peer, { error: expecting('a list of peers') })
  .default([])
  .transform((list) => list.map((each, index) => ({ ...each, name: each.name ?? `peer${index + 1}` })))
  .meta({ description: 'The clients that may join, one entry each. A server with keys needs at least one.' })

function sourceOf(secret: Secret | undefined, file: string | undefined): KeySource | undefined {
  return secret ?? (file === undefined ? undefined : { file })
}
