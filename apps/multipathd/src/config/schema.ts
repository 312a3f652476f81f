import { MAX_PATHS } from '@mp/tunnel'
import { z } from 'zod'
import type { Secret } from '@mp/secure-channel'
import { address, addresses, deviceName, expecting, flag, integer, label, listenEndpoint } from './fields.ts'
import { network, remoteEndpoint, socketPath, userName } from './fields.ts'
import { peers, security } from './security.ts'
import type { KeySource, Peer, Security } from './security.ts'

/** One way to the server. */
export interface RemotePath {
  /** For people: in the log, the status and the metrics. Unique. */
  readonly name: string
  /** Endpoint of the server, `host:port`. */
  readonly remoteAddr: string
  /** Local IP address to leave from. */
  readonly localAddr?: string | undefined
  /** Network interface to leave through. */
  readonly device?: string | undefined
  /** Share of the bytes this path carries, relative to the others, 1…65535. */
  readonly weight: number
  /** Largest IP packet of this path, bytes. */
  readonly mtu: number
}

/** A config without faults, defaults filled in. `Key` is what stands for a key: see `parseConfig` and `loadKeys`. */
export interface Config<Key = Secret> {
  readonly isServer: boolean
  /** Every path over TCP instead of UDP. */
  readonly tcp: boolean
  readonly security: 'none' | Security<Key>
  readonly client: { readonly remotePaths: readonly RemotePath[] }
  readonly server?: Server<Key> | undefined
  readonly tun: {
    readonly name: string
    /** Own addresses inside the tunnel, at most one per family. */
    readonly localAddr: readonly string[]
    /** The other end's, in the order of {@link localAddr}. */
    readonly remoteAddr: readonly string[]
    /** Networks behind the other end: routed into the tunnel. */
    readonly allowedIPs: readonly string[]
    /** Largest IP packet inside the tunnel, bytes. */
    readonly mtu: number
    readonly backend: 'auto' | 'native' | 'tuntap2'
  }
  /** How packets are shared among paths. */
  readonly scheduling: 'adaptive' | 'static'
  /** What the kernel may do for many packets at once. */
  readonly offload: {
    /** Cut runs of datagrams that are sent as one message. */
    readonly gso: boolean
    /** Join datagrams that are received. */
    readonly gro: boolean
    /** Leave checksums to whoever needs them. */
    readonly checksum: boolean
    /** Read many packets of a TCP flow from the TUN at once. */
    readonly tso: boolean
    /** The same for UDP. */
    readonly uso: boolean
    /** Write many packets of a flow to the TUN at once. */
    readonly coalesce: boolean
  }
  /** Where metrics will be served. Nothing listens there in this release. */
  readonly promListenAddr: string
  /** How other commands reach the daemon. */
  readonly control: {
    /** Path of its socket, `none` for no socket, undefined for the usual place. */
    readonly socket?: string | undefined
  }
  /** Whom to become once started, instead of root. */
  readonly user?: string | undefined
}

/** The server's side of many clients. */
export interface Server<Key = Secret> {
  /** Where it waits for clients, `host:port`. */
  readonly listen: string
  /** The clients. None under `"security": "none"`, where one client may join, whoever it is. */
  readonly peers: readonly Peer<Key>[]
  /** Packets of one client may go to another. */
  readonly clientToClient: boolean
}

const object = expecting('an object')

const remotePath = z.strictObject(
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
        description: 'Network interface to leave through, whatever the routing table says. Default: any.',
        examples: ['eth0'],
      }),
    weight: integer(0, 65_535)
      .default(1)
      .transform((weight) => weight || 1)
      .meta({ description: 'Share of the bytes, relative to the other paths. 0 means 1.' }),
    mtu: integer(576, 65_535)
      .default(1500)
      .meta({ description: 'Largest IP packet this path takes, bytes.' }),
  },
  { error: object },
)

const client = z.strictObject(
  {
    remotePaths: z
      .array(remotePath, { error: expecting('a list of paths') })
      .max(MAX_PATHS, {
        error: ({ input }) =>
          `expected at most ${MAX_PATHS} paths, found ${(input as readonly unknown[]).length}`,
      })
      .default([])
      .transform((paths) => paths.map((path, index) => ({ ...path, name: path.name ?? `path${index + 1}` })))
      .meta({
        description: 'The ways to the server, one entry each, at most 32. A client needs at least one.',
      }),
  },
  { error: object },
)

const server = z.strictObject(
  {
    listen: listenEndpoint().meta({
      description: 'Where the server waits for clients, UDP or TCP as `tcp` says. A server needs it.',
      examples: ['0.0.0.0:5000', '[::]:5000'],
    }),
    peers,
    clientToClient: flag().default(false).meta({ description: 'Packets of one client may go to another.' }),
  },
  { error: object },
)

const tun = z.strictObject(
  {
    name: deviceName()
      .default('multipath-veth0')
      .meta({ description: 'Name of the TUN device, at most 15 characters.' }),
    localAddr: addresses().meta({
      description: 'Own IP address inside the tunnel, without prefix length; a list for IPv4 and IPv6.',
      examples: ['10.8.0.1', ['10.8.0.1', 'fd00:8::1']],
    }),
    remoteAddr: addresses().meta({
      description: 'IP address of the other end inside the tunnel; a list in the order of `localAddr`.',
      examples: ['10.8.0.2', ['10.8.0.2', 'fd00:8::2']],
    }),
    allowedIPs: z
      .array(network(), { error: expecting('a list of networks') })
      .default([])
      .meta({
        description: 'Networks behind the other end: routed into the tunnel.',
        examples: [['10.1.0.0/16']],
      }),
    mtu: integer(576, 65_535)
      .default(1400)
      .meta({ description: 'Largest IP packet inside the tunnel, bytes; at least 1280 with IPv6.' }),
    backend: z
      .enum(['auto', 'native', 'tuntap2'], { error: expecting('"auto", "native" or "tuntap2"') })
      .default('auto')
      .meta({ description: 'What reads and writes the TUN device. `auto` takes `native` where it loads.' }),
  },
  { error: object },
)

const offload = z.strictObject(
  {
    gso: flag().default(true).meta({
      description: 'Datagrams of one size go to the kernel together, which cuts them (UDP_SEGMENT).',
    }),
    gro: flag()
      .default(true)
      .meta({ description: 'The kernel joins datagrams of one size that it received (UDP_GRO).' }),
    checksum: flag().default(true).meta({
      description: 'Checksums of packets from the TUN may be left to the system. Needed by `tso` and `uso`.',
    }),
    tso: flag().default(true).meta({ description: 'The TUN hands over up to 64 KiB of a TCP flow at once.' }),
    uso: flag().default(true).meta({ description: 'The same for UDP, since Linux 6.2.' }),
    coalesce: flag()
      .default(true)
      .meta({ description: 'Packets of a flow that follow each other are written to the TUN at once.' }),
  },
  { error: object },
)

const control = z.strictObject(
  {
    socket: socketPath()
      .optional()
      .meta({
        description:
          'Path of the socket that `multipathd status` and others ask; mode 0600. `"none"`: there is none. Default: ' +
          '`/run/multipathd/NAME.sock` for root, else in `XDG_RUNTIME_DIR`, with the name of the TUN device.',
        examples: ['/run/multipathd/home.sock'],
      }),
  },
  { error: object },
)

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
    tcp: flag()
      .default(false)
      .meta({ description: 'Every path over TCP instead of UDP. The same on both sides.' }),
    security,
    client: client.prefault({}).meta({ description: 'Used in the client role.' }),
    server: server.optional().meta({ description: 'Used in the server role.' }),
    tun: tun.meta({ description: 'The TUN device of this side.' }),
    scheduling: z
      .enum(['adaptive', 'static'])
      .default('adaptive')
      .meta({
        description:
          '`adaptive`: each packet takes the path on which it will arrive first, what paths carry is measured all the ' +
          'time, order is restored and losses are repaired; weights do not count. `static`: bytes are shared by the ' +
          'weights of the paths, at once, and nothing else is done. Both sides should say the same.',
      }),
    offload: offload.prefault({}).meta({
      description:
        'Work on many packets at once that is left to the kernel, on Linux with the addon. ' +
        'Each is used only where it works: switch one off to look for a fault.',
    }),
    promListenAddr: listenEndpoint()
      .default('127.0.0.1:2131')
      .meta({
        description:
          'Where metrics will be served. Checked, but nothing listens there in this release. ' +
          'Not on all addresses by default, because metrics need no password.',
      }),
    control: control.prefault({}).meta({ description: 'How other commands reach the daemon.' }),
    user: userName()
      .optional()
      .meta({
        description:
          'Started as root, become this user once all is set up, and keep only the right to change the network. ' +
          'Linux only.',
        examples: ['multipathd'],
      }),
  },
  { error: object },
)

/** The config as JSON Schema (draft 2020-12), for editors and for the reference in the README. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input' })
  return { $schema, title: 'Config of multipathd', ...schema }
}
