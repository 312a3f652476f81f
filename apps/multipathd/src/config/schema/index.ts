import { z } from 'zod'
import type { ClassModes } from '@mp/interface'
import type { Secret } from '@mp/secure-channel'
import { expecting, filePath, flag, optionalEndpoint, userName } from '../fields.ts'
import { client } from './client.ts'
import type { Client } from './client.ts'
import { control } from './control.ts'
import type { Control } from './control.ts'
import { dashboard } from './dashboard.ts'
import type { DashboardSettings } from './dashboard.ts'
import type { KeySource } from './key-source.ts'
import { log } from './log.ts'
import type { LogSettings } from './log.ts'
import { mode } from './mode.ts'
import { offload } from './offload.ts'
import type { Offload } from './offload.ts'
import { relay } from './relay.ts'
import type { Relay } from './relay.ts'
import { scheduling } from './scheduling.ts'
import type { Scheduling } from './scheduling.ts'
import { security } from './security.ts'
import type { Security } from './security.ts'
import { server } from './server.ts'
import type { Server } from './server.ts'
import { tun } from './tun.ts'
import type { Tun } from './tun.ts'

export type { KeySource } from './key-source.ts'
export type { Peer } from './peer.ts'
export type { Quota } from './quota.ts'
export type { RemotePath } from './remote-path.ts'

/** A config without faults, defaults filled in. `Key` is what stands for a key: see `parseConfig` and `loadKeys`. */
export interface Config<Key = Secret> {
  readonly isServer: boolean
  /** TCP instead of UDP, for every path that does not say what it wants. */
  readonly tcp: boolean
  readonly security: 'none' | Security<Key>
  readonly client: Client
  readonly server?: Server<Key> | undefined
  readonly tun: Tun
  /** Instead of a TUN device. */
  readonly relay?: Relay | undefined
  /** How packets are shared among paths. */
  readonly scheduling: Scheduling
  /** What several paths are for; undefined: as the scheduler likes. */
  readonly mode?: ClassModes | undefined
  readonly offload: Offload
  /** Carry congestion marks between datagrams and the packets in them. */
  readonly ecn: boolean
  /** Where metrics are served; `none`: nowhere. */
  readonly promListenAddr: string
  /** Keep routes and policy rules for the lines, and for all traffic when `allowedIPs` says so. */
  readonly manageRoutes: boolean
  readonly control: Control
  readonly log: LogSettings
  readonly dashboard?: DashboardSettings | undefined
  /** Whom to become once started, instead of root. */
  readonly user?: string | undefined
  /** Folder for what is kept across restarts; undefined: the usual place. */
  readonly stateDir?: string | undefined
}

/** What the schema says of a config: under `--insecure` it need not speak of security. */
type Parsed = Omit<Config<KeySource>, 'security'> & {
  readonly security?: Config<KeySource>['security'] | undefined
}

export const configSchema: z.ZodType<Parsed> = z.strictObject(
  {
    $schema: z
      .string({ error: expecting('the address of a JSON Schema') })
      .optional()
      .meta({ description: 'For editors; not used.' }),
    isServer: flag().default(false).meta({ description: 'The role of this side.' }),
    tcp: flag().default(false).meta({
      description:
        'TCP instead of UDP, for every path that does not say what it wants. The same on both sides.',
    }),
    security,
    client,
    server,
    tun,
    relay,
    scheduling,
    mode,
    offload,
    ecn: flag()
      .default(true)
      .meta({
        description:
          'Datagrams say whether the packet in them understands congestion marks (ECN), and marks of routers go on into it. ' +
          'Linux with the addon, paths over UDP. Switch it off where a network drops such datagrams.',
      }),
    promListenAddr: optionalEndpoint()
      .default('127.0.0.1:2131')
      .meta({
        description:
          'Where Prometheus finds metrics, at `/metrics`; `"none"`: nowhere. ' +
          'Not on all addresses by default, because metrics need no password.',
      }),
    manageRoutes: flag()
      .default(true)
      .meta({
        description:
          'A client keeps a routing table and rules for each line of its paths, and for all traffic when ' +
          '`allowedIPs` of `tun` has `0.0.0.0/0` or `::/0`; they go when it ends. Linux only.',
      }),
    control,
    log,
    dashboard,
    user: userName()
      .optional()
      .meta({
        description:
          'Started as root, become this user once all is set up, and keep only the right to change the network. ' +
          'Linux only.',
        examples: ['multipathd'],
      }),
    stateDir: filePath()
      .optional()
      .meta({
        description:
          'Folder for what is kept across restarts, such as what was used of a quota. Default: `/var/lib/multipathd` for root, ' +
          'else `~/.local/state/multipathd`.',
        examples: ['/var/lib/multipathd'],
      }),
  },
  { error: expecting('an object') },
)

/** The config as JSON Schema (draft 2020-12), for editors and for the reference in the README. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input' })
  return { $schema, title: 'Config of multipathd', ...schema }
}
