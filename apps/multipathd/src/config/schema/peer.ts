import { z } from 'zod'
import type { Secret } from '@mp/secure-channel'
import { expecting, label, network, publicKey } from '../fields.ts'
import { presharedKeys, sourceOf } from './key-source.ts'
import type { KeySource } from './key-source.ts'

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
        .min(1, {
          error: 'expected at least one network, the address of the client in the tunnel; found none',
        })
        .meta({
          description:
            'Networks that the client may send from and that lead to it: its tunnel address at least.',
          examples: [['10.8.0.2/32']],
        }),
    },
    { error: expecting('an object') },
  )
  .transform(({ presharedKeyFile, presharedKey, ...rest }) => ({
    ...rest,
    presharedKey: sourceOf(presharedKey, presharedKeyFile),
  }))

/** `server.peers` of the config. */
export const peers: z.ZodType<Peer<KeySource>[]> = z
  .array(peer, { error: expecting('a list of peers') })
  .default([])
  .transform((list) => list.map((each, index) => ({ ...each, name: each.name ?? `peer${index + 1}` })))
  .meta({ description: 'The clients that may join, one entry each. A server with keys needs at least one.' })
