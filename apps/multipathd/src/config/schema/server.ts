import { z } from 'zod'
import type { Secret } from '@mp/secure-channel'
import { deviceName, expecting, flag, listenEndpoint } from '../fields.ts'
import type { KeySource } from './key-source.ts'
import { peers } from './peer.ts'
import type { Peer } from './peer.ts'

/** The server's side of many clients. */
export interface Server<Key = Secret> {
  /** Where it waits for clients, `host:port`. */
  readonly listen: string
  /** What it listens for there. Default: as `tcp` says. */
  readonly transport?: 'udp' | 'tcp' | 'both' | undefined
  /** The clients. None under `"security": "none"`, where one client may join, whoever it is. */
  readonly peers: readonly Peer<Key>[]
  /** Packets of one client may go to another. */
  readonly clientToClient: boolean
  /** Whether clients reach what this machine reaches, under its address; and through which interface only. */
  readonly nat: boolean | { readonly device: string }
}

/** `server` of the config. */
export const server: z.ZodType<Server<KeySource> | undefined> = z
  .strictObject(
    {
      listen: listenEndpoint().meta({
        description: 'Where the server waits for clients, as `transport` says. A server needs it.',
        examples: ['0.0.0.0:5000', '[::]:5000'],
      }),
      transport: z
        .enum(['udp', 'tcp', 'both'], { error: expecting('"udp", "tcp" or "both"') })
        .optional()
        .meta({
          description:
            'What the server listens for, at one port. Clients with paths over both, or with `"transport": "auto"`, need ' +
            '`both`. Default: `tcp` if the config says `"tcp": true`, else `udp`.',
        }),
      peers,
      nat: z
        .union([flag(), z.strictObject({ device: deviceName() }, { error: expecting('an object') })], {
          error: expecting('true, false or { "device": … }'),
        })
        .default(false)
        .meta({
          description:
            'Clients reach what the server reaches, under its address: packets are forwarded, and masqueraded by a ' +
            'table of nftables of its own. `{ "device": "eth0" }` does so for what leaves through one interface.',
          examples: [true, { device: 'eth0' }],
        }),
      clientToClient: flag().default(false).meta({ description: 'Packets of one client may go to another.' }),
    },
    { error: expecting('an object') },
  )
  .optional()
  .meta({ description: 'Used in the server role.' })
