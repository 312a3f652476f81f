import type { LabLink, Namespace } from '@mp/netlab'
import type { Stage } from './stage.ts'

/** Where the server is, seen from home. */
export const SERVER = '203.0.113.2'
export const SERVER6 = '2001:db8:113::2'
/** Somebody else behind the server. */
export const FAR = '198.51.100.9'

/** A line of the client to its router. */
export interface HomeLine {
  readonly name: string
  /** 192.168.n.x and fd00:168:n::x. */
  readonly number: number
  /** Last number of the address. Default 2. */
  readonly host?: number
}

/** A client whose lines lead to one server over a router, as at home: each line has a default route, and no rules. */
export interface Home {
  readonly router: Namespace
  /** Plugs a line in: interface, addresses and default routes appear one after the other. */
  plug(line: HomeLine): Promise<LabLink>
  /** Pulls the interface out of the machine. */
  unplug(name: string): Promise<void>
}

/** Makes of the two hosts of a stage without lines a home, and a server in the world. */
export async function createHome({ lab, client, server }: Stage): Promise<Home> {
  const router = await lab.namespace('router')
  const far = await lab.namespace('far')
  const outside = await lab.link(router, server, {
    name: 'outside',
    aAddress: ['203.0.113.1/24', '2001:db8:113::1/64'],
    bAddress: [`${SERVER}/24`, `${SERVER6}/64`],
  })
  await lab.link(server, far, { name: 'beyond', aAddress: '198.51.100.1/24', bAddress: `${FAR}/24` })
  for (const family of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
    await router.setSysctl(`net/${family}`, '1')
  await server.run('ip', ['route', 'add', '192.168.0.0/16', 'via', '203.0.113.1', 'dev', outside.name])
  await server.run('ip', [
    '-6',
    'route',
    'add',
    'fd00:168::/32',
    'via',
    '2001:db8:113::1',
    'dev',
    outside.name,
  ])
  return {
    router,
    plug: async ({ name, number, host = 2 }) => {
      const link = await lab.link(client, router, {
        name,
        aAddress: [`192.168.${number}.${host}/24`, `fd00:168:${number}::${host}/64`],
        bAddress: [`192.168.${number}.1/24`, `fd00:168:${number}::1/64`],
      })
      const metric = ['metric', String(100 + number)]
      await client.run('ip', [
        'route',
        'add',
        'default',
        'via',
        `192.168.${number}.1`,
        'dev',
        name,
        ...metric,
      ])
      await client.run('ip', [
        '-6',
        'route',
        'add',
        'default',
        'via',
        `fd00:168:${number}::1`,
        'dev',
        name,
        ...metric,
      ])
      return link
    },
    unplug: async (name) => {
      await client.run('ip', ['link', 'delete', name])
    },
  }
}
