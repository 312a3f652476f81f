import { systemHost } from '../network/host.ts'
import type { Config } from '../config/index.ts'
import type { Check, Finding } from './finding.ts'
import { filters, forwarding, lines, port } from './lines.ts'
import { addon, buffers, clock, node, ownCapabilities, programs, rights, tun } from './machine.ts'
import { reach } from './reach.ts'

export type { Finding } from './finding.ts'

/** What is looked at, in the order in which a person would. */
const CHECKS: readonly Check[] = [
  node,
  addon,
  clock,
  rights,
  tun,
  programs,
  buffers,
  lines,
  filters,
  port,
  forwarding,
]

export interface Examination {
  /** Every path of a client is tried, too. */
  readonly asksServer: boolean
  /** Where a daemon with this config answers; undefined when it has no control socket. */
  readonly socketPath: string | undefined
}

/** Looks whether a tunnel with this config can work here. */
export async function examine(
  config: Config,
  { asksServer, socketPath }: Examination,
): Promise<readonly Finding[]> {
  const capabilities = ownCapabilities()
  const patient = { config, host: systemHost, capabilities, wallMs: Date.now(), socketPath }
  const findings: Finding[] = []
  for (const check of asksServer ? [...CHECKS, reach] : CHECKS) findings.push(...(await check(patient)))
  return findings
}
