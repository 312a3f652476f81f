import { isIP } from 'node:net'
import { z } from 'zod'

/**
 * What of a change outlives the process that made it. It says what there is and never what to run, so that a state
 * file can do no more than have things of ours removed.
 */
export type Change = Rule | Table | Nat | Sysctl

/** A policy rule: whose packets look into which routing table. */
export interface Rule {
  readonly kind: 'rule'
  readonly family: 4 | 6
  readonly priority: number
  /** Of packets from this address. */
  readonly from?: string | undefined
  /** Of packets to this address. */
  readonly to?: string | undefined
  /** All routes of the table count but default routes. */
  readonly isSpecific?: boolean | undefined
  readonly table: number | 'main'
}

/** A routing table of ours: all routes in it that carry our number. */
export interface Table {
  readonly kind: 'table'
  readonly family: 4 | 6
  readonly table: number
}

/** A table of nftables of ours. */
export interface Nat {
  readonly kind: 'nat'
  readonly name: string
}

/** A setting of the kernel. */
export interface Sysctl {
  readonly kind: 'sysctl'
  readonly name: SysctlName
  readonly before: string
  readonly after: string
}

export type SysctlName = (typeof SYSCTLS)[number]

/** Those that are ever set. */
export const SYSCTLS = ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'] as const

/** Marks rules and routes as ours: a number that `/etc/iproute2/rt_protos` gives to nobody. */
export const PROTOCOL = 109

const family = z.union([z.literal(4), z.literal(6)])
const ip = z.string().refine((text) => isIP(text) !== 0 && !text.includes('%'))
const table = z.int().min(1).max(0xffff_ffff)
const digits = z.string().regex(/^\d{1,3}$/)

const change: z.ZodType<Change> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('rule'),
    family,
    priority: z.int().min(1).max(32_000),
    from: ip.optional(),
    to: ip.optional(),
    isSpecific: z.boolean().optional(),
    table: z.union([table, z.literal('main')]),
  }),
  z.strictObject({ kind: z.literal('table'), family, table }),
  z.strictObject({ kind: z.literal('nat'), name: z.string().regex(/^multipathd-[A-Za-z0-9_.-]{1,15}$/) }),
  z.strictObject({ kind: z.literal('sysctl'), name: z.enum(SYSCTLS), before: digits, after: digits }),
])

/** The change in a line of a state file; undefined when there is none, as in one that was cut off. */
export function parseChange(line: string): Change | undefined {
  try {
    return change.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** The words behind `ip rule add` and `ip rule del`. Ours is only what carries our number. */
export function ruleWords({ priority, from, to, isSpecific, table: lookup }: Rule): string {
  const selectors = [...(from === undefined ? [] : ['from', from]), ...(to === undefined ? [] : ['to', to])]
  const suppress = isSpecific === true ? ['suppress_prefixlength', '0'] : []
  const words = ['pref', priority, ...selectors, 'lookup', lookup, ...suppress, 'protocol', PROTOCOL]
  return words.join(' ')
}
