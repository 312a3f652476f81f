import type { Report } from './checks.ts'
import { familyOf } from './ip.ts'

/** What of a config matters to a relay. */
export interface DraftRelay {
  readonly relay?: { readonly listen?: string; readonly target?: string } | undefined
  readonly tun?: { readonly localAddr?: string | readonly string[] } | undefined
}

/** A relay needs the key of its role, not that of the other one, and IPv4 inside the tunnel. */
export function checkRelay({ relay, tun }: DraftRelay, asServer: boolean, report: Report): void {
  if (relay === undefined) return
  const [needed, other, role] = asServer
    ? (['target', 'listen', 'server'] as const)
    : (['listen', 'target', 'client'] as const)
  if (relay[needed] === undefined) {
    report(['relay', needed], `missing: a ${role} that relays needs it, such as "127.0.0.1:51820"`)
  }
  if (relay[other] !== undefined) {
    report(
      ['relay', other],
      `a ${role} has no use for it: write "${needed}", or put it into the config of the other side`,
    )
  }
  const local = [tun?.localAddr ?? []].flat()
  if (local.length > 0 && !local.some((address) => familyOf(address) === 4)) {
    report(['tun', 'localAddr'], `a relay needs an IPv4 address, found "${local.join('", "')}"`)
  }
}
