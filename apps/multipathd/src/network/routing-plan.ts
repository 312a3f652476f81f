import { isIP } from 'node:net'
import type { Rule } from './change.ts'
import type { RouteWords } from './kernel-routes.ts'

type Family = 4 | 6

/** A line that paths leave through. */
export interface RoutedLine {
  readonly device: string
  readonly ips: readonly string[]
}

/** What routing shall do. */
export interface RoutingWishes {
  readonly lines: readonly RoutedLine[]
  /** The device that all traffic goes into, with the families of which all does. */
  readonly fullTunnel?: { readonly device: string; readonly families: readonly Family[] } | undefined
  /** Addresses of the server, which are reached outside of the tunnel. */
  readonly servers: readonly string[]
}

/** What is known of the machine. */
export interface RoutingFacts {
  /** Routes of the main table through a device. */
  readonly mainRoutes: (device: string, family: Family) => readonly RouteWords[]
  /** Addresses that somebody else has a rule for: that one is left to do it. */
  readonly foreignSources: ReadonlySet<string>
  /** The number of the table for a device. */
  readonly tableOf: (device: string) => number
}

export interface PlannedTable {
  readonly family: Family
  readonly table: number
  readonly routes: readonly RouteWords[]
}

/** The rules and the contents of tables that there should be. */
export interface RoutingPlan {
  readonly rules: readonly Rule[]
  readonly tables: readonly PlannedTable[]
}

/** In this order the kernel asks: behind the rules of most VPNs, before the main table. */
const PRIORITY = { line: 5600, server: 5601, specific: 5602, tunnel: 5603 } as const

/**
 * What leaves from an address of a line goes out there: each line has a table, a copy of the routes of the main table
 * through it. In a full tunnel all else looks into the main table for anything but a default route, and then into a
 * table whose default route is the tunnel; what goes to the server itself takes the main table as it is.
 */
export function planRouting(wishes: RoutingWishes, facts: RoutingFacts): RoutingPlan {
  const lines = wishes.lines.map((line) => planLine(line, facts))
  const all = [...lines, planFullTunnel(wishes, facts)]
  return { rules: all.flatMap(({ rules }) => rules), tables: all.flatMap(({ tables }) => tables) }
}

function planLine({ device, ips }: RoutedLine, facts: RoutingFacts): RoutingPlan {
  const table = facts.tableOf(device)
  const rules: Rule[] = []
  const tables: PlannedTable[] = []
  for (const family of [4, 6] as const) {
    const routes = facts.mainRoutes(device, family)
    const own = ips.filter((ip) => isIP(ip) === family && !facts.foreignSources.has(ip))
    if (own.length === 0 || routes.length === 0) continue
    tables.push({ family, table, routes })
    rules.push(
      ...own.map((from) => ({ kind: 'rule', family, priority: PRIORITY.line, from, table }) as const),
    )
  }
  return { rules, tables }
}

function planFullTunnel({ fullTunnel, servers }: RoutingWishes, { tableOf }: RoutingFacts): RoutingPlan {
  if (fullTunnel === undefined) return { rules: [], tables: [] }
  const { device, families } = fullTunnel
  const table = tableOf(device)
  const rules = families.flatMap((family): readonly Rule[] => [
    ...servers
      .filter((ip) => isIP(ip) === family)
      .map((to) => ({ kind: 'rule', family, priority: PRIORITY.server, to, table: 'main' }) as const),
    { kind: 'rule', family, priority: PRIORITY.specific, isSpecific: true, table: 'main' },
    { kind: 'rule', family, priority: PRIORITY.tunnel, table },
  ])
  // As the kernel tells them.
  const routes = { 4: [`default dev ${device} scope link`], 6: [`default dev ${device} metric 1024`] }
  return { rules, tables: families.map((family) => ({ family, table, routes: routes[family] })) }
}
