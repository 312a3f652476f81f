import type { PlannedAddress, TunPlan } from './options.ts'

/** A program and its arguments. No shell sees them. */
export type Command = readonly [program: string, ...args: string[]]

/** One thing to set up on a device. */
export interface Step {
  readonly kind: 'address' | 'link' | 'route'
  /** The address or network, for messages. */
  readonly what: string
  readonly command: Command
  /** Takes a route away again; all else goes with the device. */
  readonly undo?: Command
}

/** What to run, in order, to set up the device `name` as planned. */
export function stepsFor(platform: NodeJS.Platform, name: string, plan: TunPlan): Step[] {
  return platform === 'darwin' ? darwinSteps(name, plan) : linuxSteps(name, plan)
}

/** What to run to route `networks` into the device `name`. */
export function routeSteps(platform: NodeJS.Platform, name: string, networks: readonly string[]): Step[] {
  const step = platform === 'darwin' ? darwinRoute : linuxRoute
  return networks.map((network) => step(network, name))
}

/** Succeeds when there is an interface of that name. */
export function existsCommand(platform: NodeJS.Platform, name: string): Command {
  return platform === 'darwin' ? ['ifconfig', name] : ['ip', 'link', 'show', 'dev', name]
}

function linuxSteps(name: string, { addresses, routes, queuePackets }: TunPlan): Step[] {
  const up: Command = ['ip', 'link', 'set', 'dev', name, 'txqueuelen', String(queuePackets), 'up']
  return [
    // Up first: of an IPv6 address given to a device that is down the kernel loses the route to the peer.
    { kind: 'link', what: name, command: up },
    ...addresses.map((address) => ({
      kind: 'address' as const,
      what: address.local,
      command: linuxAddress(name, address),
    })),
    ...routes.map((network) => linuxRoute(network, name)),
  ]
}

function linuxRoute(network: string, name: string): Step {
  return {
    kind: 'route',
    what: network,
    command: ['ip', 'route', 'add', network, 'dev', name],
    undo: ['ip', 'route', 'del', network, 'dev', name],
  }
}

function linuxAddress(name: string, { family, local, peer, prefix }: PlannedAddress): Command {
  const where = peer === undefined ? [`${local}/${prefix}`] : [local, 'peer', `${peer}/${prefix}`]
  // Nobody else is on this link: do not wait for an answer that an IPv6 address is free.
  return ['ip', 'address', 'add', ...where, 'dev', name, ...(family === 6 ? ['nodad'] : [])]
}

function darwinSteps(name: string, { addresses, routes }: TunPlan): Step[] {
  return [
    ...addresses.map((address) => ({
      kind: 'address' as const,
      what: address.local,
      command: darwinAddress(name, address),
    })),
    { kind: 'link', what: name, command: ['ifconfig', name, 'up'] },
    ...routes.map((network) => darwinRoute(network, name)),
  ]
}

/** A point-to-point interface must have a peer there: without one it is the local address itself. */
function darwinAddress(name: string, { family, local, peer = local, prefix }: PlannedAddress): Command {
  if (family === 4) return ['ifconfig', name, 'inet', local, peer, 'netmask', netmask(prefix), 'alias']
  // With a peer ifconfig takes no other prefix.
  const where = peer === local ? [local, 'prefixlen', String(prefix)] : [local, peer, 'prefixlen', '128']
  return ['ifconfig', name, 'inet6', ...where, 'alias']
}

function darwinRoute(network: string, name: string): Step {
  const family = network.includes(':') ? '-inet6' : '-inet'
  const command = (verb: 'add' | 'delete'): Command => [
    'route',
    '-n',
    verb,
    family,
    '-net',
    network,
    '-interface',
    name,
  ]
  return { kind: 'route', what: network, command: command('add'), undo: command('delete') }
}

/** 24 → 255.255.255.0 */
function netmask(prefix: number): string {
  return [0, 8, 16, 24].map((bit) => 256 - 2 ** (8 - Math.min(8, Math.max(0, prefix - bit)))).join('.')
}
