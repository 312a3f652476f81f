import { isIP } from 'node:net'
import { PROTOCOL, ruleWords } from './change.ts'
import type { Rule } from './change.ts'
import type { Host } from './host.ts'

/** A rule as `ip -json rule` tells it. */
interface ToldRule {
  readonly priority: number
  readonly src?: string
  readonly srclen?: number
  readonly dst?: string
  readonly table?: string
  readonly suppress_prefixlen?: number
  readonly protocol?: string
}

/** A route as `ip -json route` tells it. */
interface ToldRoute {
  readonly type?: string
  readonly dst: string
  readonly gateway?: string
  readonly via?: { readonly family: string; readonly host: string }
  readonly dev?: string
  readonly scope?: string
  readonly prefsrc?: string
  readonly metric?: number
  readonly flags?: readonly string[]
  readonly nexthops?: unknown
}

/** The rules of a family. */
export interface KernelRules {
  /** Those that carry our number, in the words of {@link ruleWords}. */
  readonly ours: ReadonlySet<string>
  /** Addresses that somebody else has a rule for. */
  readonly foreignSources: ReadonlySet<string>
}

/** What stands behind `ip route add`, but for the table: where to and how. */
export type RouteWords = string

/** Rejects when `ip` cannot tell; a machine without IPv6 has no rules of it. */
export async function readRules(host: Host, family: 4 | 6): Promise<KernelRules> {
  const { isOk, stdout, stderr } = await host.run('ip', [`-${family}`, '-json', 'rule', 'show'])
  if (!isOk && family === 4)
    throw new Error(
      `\`ip -json rule\` failed: ${stderr.trim()}. It takes the ip of iproute2, not that of BusyBox`,
    )
  const told = isOk ? (listIn(stdout) as readonly ToldRule[]) : []
  const ours = told.flatMap((rule) => (isOurs(rule) ? ruleWords(ruleOf(rule, family)) : []))
  const foreign = told.flatMap((rule) => (isOurs(rule) || rule.srclen !== undefined ? [] : (rule.src ?? [])))
  return { ours: new Set(ours), foreignSources: new Set(foreign.filter((source) => isIP(source) !== 0)) }
}

const isOurs = ({ protocol }: ToldRule): boolean => protocol === String(PROTOCOL)

function ruleOf(told: ToldRule, family: 4 | 6): Rule {
  const { priority, src, dst, table = '', suppress_prefixlen: suppressed } = told
  return {
    kind: 'rule',
    family,
    priority,
    ...(src !== undefined && src !== 'all' && { from: src }),
    ...(dst !== undefined && { to: dst }),
    ...(suppressed === 0 && { isSpecific: true }),
    table: table === 'main' ? 'main' : Number(table),
  }
}

/** The routes of the main table through `device`, to be copied into another one. */
export async function readMainRoutes(
  host: Host,
  { family, device }: { readonly family: 4 | 6; readonly device: string },
): Promise<readonly RouteWords[]> {
  const args = [`-${family}`, '-json', 'route', 'show', 'table', 'main', 'dev', device]
  const told = await readRoutes(host, args)
  return told.filter(isUsable).map((route) => routeWords({ ...route, dev: device }))
}

/** Our routes in a table of ours. */
export async function readTable(
  host: Host,
  { family, table }: { readonly family: 4 | 6; readonly table: number },
): Promise<readonly RouteWords[]> {
  const told = await readRoutes(host, [
    `-${family}`,
    '-json',
    'route',
    'show',
    'table',
    String(table),
    'proto',
    String(PROTOCOL),
  ])
  return told.filter(isUsable).map(routeWords)
}

/** Whole routes through one device that packets can take now. */
function isUsable({ type = 'unicast', flags = [], nexthops }: ToldRoute): boolean {
  const isDead = flags.includes('dead') || flags.includes('linkdown')
  return type === 'unicast' && !isDead && nexthops === undefined
}

function routeWords({ dst, gateway, via, dev = '', scope, prefsrc, metric, flags = [] }: ToldRoute): string {
  const words = [dst]
  if (gateway !== undefined) words.push('via', gateway)
  else if (via !== undefined) words.push('via', via.family, via.host)
  words.push('dev', dev)
  if (scope !== undefined) words.push('scope', scope)
  if (prefsrc !== undefined) words.push('src', prefsrc)
  if (metric !== undefined) words.push('metric', String(metric))
  if (flags.includes('onlink')) words.push('onlink')
  return words.join(' ')
}

/** What a command of `ip` tells of routes; nothing when it fails, as for a table or a device that is not there. */
async function readRoutes(host: Host, args: readonly string[]): Promise<readonly ToldRoute[]> {
  const { isOk, stdout } = await host.run('ip', args)
  return isOk ? (listIn(stdout) as readonly ToldRoute[]) : []
}

function listIn(json: string): readonly unknown[] {
  return json.trim() === '' ? [] : (JSON.parse(json) as unknown[])
}
