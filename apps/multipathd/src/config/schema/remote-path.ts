import { z } from 'zod'
import type { PathRole } from '@mp/interface'
import { address, deviceName, expecting, integer, label, megabits, remoteEndpoint } from '../fields.ts'
import { quota } from './quota.ts'
import type { Quota } from './quota.ts'

/** One way to the server. */
export interface RemotePath {
  /** For people: in the log, the status and the metrics. Unique. */
  readonly name: string
  /** Endpoint of the server, `host:port`. */
  readonly remoteAddr: string
  /** Local IP address to leave from. */
  readonly localAddr?: string | undefined
  /** Network interface to leave through; with `*` or `?`, a path for each that fits. */
  readonly device?: string | undefined
  /** What carries it; `auto` is UDP, and TCP while UDP does not get through. Default: as `tcp` says. */
  readonly transport?: 'udp' | 'tcp' | 'auto' | undefined
  /** Mark of its packets, for routing rules and firewalls, 1…2^32-1. */
  readonly fwmark?: number | undefined
  /** Share of the bytes this path carries, relative to the others, 1…65535. */
  readonly weight: number
  /** Largest IP packet to try on this path, bytes. */
  readonly mtu: number
  /** `secondary`: when the primaries have no room. `backup`: when no other path works. */
  readonly role: PathRole
  /** How many ms another path may be slower and still be preferred. */
  readonly costMs: number
  /** Most that is sent and received over it, Mbit/s; undefined = as much as it carries. */
  readonly maxSendMbit?: number | undefined
  readonly maxReceiveMbit?: number | undefined
  /** How often it is probed while nothing is sent over it, s. */
  readonly idleProbeSeconds: number
  /** What may go over it in a month; undefined: it is not metered. */
  readonly quota?: Quota | undefined
}

const limit = (direction: string): z.ZodType<number | undefined> =>
  megabits()
    .optional()
    .meta({
      description:
        `Most that is ${direction} over it, Mbit/s, without the headers of IP and UDP. What the line carries is ` +
        'measured anyhow: this is for lines of which something shall be left for others.',
    })

/** What stands for a path in the config: its default name depends on its place in the list. */
export const remotePath: z.ZodType<Omit<RemotePath, 'name'> & { readonly name?: string | undefined }> =
  z.strictObject(
    {
      name: label()
        .optional()
        .meta({
          description: 'What the path is called in the log and the status. Default: `path1`, `path2`, …',
          examples: ['dsl'],
        }),
      remoteAddr: remoteEndpoint().meta({
        description: 'Endpoint of the server. Several paths may share one host, one port or both.',
        examples: ['198.51.100.7:5000'],
      }),
      localAddr: address()
        .optional()
        .meta({
          description: 'Local IP address to leave from. Default: the routing table decides.',
          examples: ['192.168.1.20'],
        }),
      device: deviceName()
        .optional()
        .meta({
          description:
            'Network interface to leave through, whatever the routing table says. With `*` or `?` each interface ' +
            'that fits and has an address makes a path, called `lte@wwan0` when this one is `lte`. Default: any.',
          examples: ['eth0', 'wwan*'],
        }),
      fwmark: integer(1, 0xffff_ffff)
        .optional()
        .meta({
          description:
            'Mark of the packets of this path, for routing rules and firewalls of your own (SO_MARK). Linux only, with the addon.',
          examples: [51_820],
        }),
      transport: z
        .enum(['udp', 'tcp', 'auto'], { error: expecting('"udp", "tcp" or "auto"') })
        .optional()
        .meta({
          description:
            'What carries this path. `auto`: UDP, and TCP while UDP does not get through, which is tried again now and ' +
            'then. The server must listen for it. Default: `tcp` if the config says `"tcp": true`, else `udp`.',
        }),
      weight: integer(0, 65_535)
        .default(1)
        .transform((weight) => weight || 1)
        .meta({ description: 'Share of the bytes, relative to the other paths. 0 means 1.' }),
      mtu: integer(576, 65_535)
        .default(1500)
        .meta({
          description:
            'Largest IP packet to send over this path, bytes. What it really takes is found out and followed; without the ' +
            'native addon, this is what is sent.',
        }),
      role: z
        .enum(['primary', 'secondary', 'backup'], { error: expecting('"primary", "secondary" or "backup"') })
        .default('primary')
        .meta({
          description:
            '`secondary`: for what the primaries have no room for. `backup`: carries nothing but probes while another path works.',
        }),
      costMs: integer(0, 65_535)
        .default(0)
        .meta({ description: 'How many ms another path may be slower and still be preferred.' }),
      maxSendMbit: limit('sent'),
      maxReceiveMbit: limit('received'),
      idleProbeSeconds: integer(1, 255)
        .default(15)
        .meta({
          description:
            'How often both sides probe the path after a minute without traffic, s. An idle path costs 1.6 MB a day with 15, ' +
            '0.5 MB with 60; NATs may forget it when it is more than 30, so that a server then reaches it only after the next probe.',
        }),
      quota,
    },
    { error: expecting('an object') },
  )
