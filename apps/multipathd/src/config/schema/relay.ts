import { z } from 'zod'
import { expecting, ipEndpoint, listenEndpoint } from '../fields.ts'

/** UDP flows of other programs instead of a TUN device. One of the two, as the role says. */
export interface Relay {
  /** At a client: where programs send to, `host:port`. */
  readonly listen?: string | undefined
  /** At a server: where that goes, `ip:port`. */
  readonly target?: string | undefined
}

/** `relay` of the config. */
export const relay: z.ZodType<Relay | undefined> = z
  .strictObject(
    {
      listen: listenEndpoint()
        .optional()
        .meta({
          description: 'At the client: programs send their datagrams here.',
          examples: ['127.0.0.1:51821'],
        }),
      target: ipEndpoint()
        .optional()
        .meta({
          description: 'At the server: here they go, each flow from a port of its own.',
          examples: ['127.0.0.1:51820'],
        }),
    },
    { error: expecting('an object') },
  )
  .optional()
  .meta({
    description:
      'Carries UDP flows of other programs, such as WireGuard, instead of opening a TUN device; needs no root. ' +
      'The addresses of `tun` then only tell the ends apart, and must be IPv4. On both sides.',
  })
