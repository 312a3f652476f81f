import type { PathManager } from '@mp/path-manager'
import type { TunnelPath } from './path.ts'

/** Why `path` does not carry data now; undefined when it does. */
export function whyUnused(paths: PathManager<TunnelPath>, path: TunnelPath): string | undefined {
  return whyNot(path, companyOf(paths))
}

/**
 * Keeps the active paths of `paths` equal to those that may carry data now. A path needs a link that takes frames
 * and a healthy prober; paths whose health is in doubt serve only while no healthy one is left. The reasons are kept
 * apart here, so that a path comes back only when none of them holds any more. A backup serves only while no other path
 * is healthy, so that it costs nothing but its probes.
 */
export function refreshGate(paths: PathManager<TunnelPath>): void {
  const company = companyOf(paths)
  // Those that come first: what waits for one that goes takes another.
  for (const path of paths.list) {
    if (paths.state(path.id) === 'suspended' && whyNot(path, company) === undefined) paths.resume(path.id)
  }
  for (const path of paths.list) {
    if (paths.state(path.id) !== 'active') continue
    const reason = whyNot(path, company)
    if (reason !== undefined) paths.suspend(path.id, reason)
  }
}

/** Whether another path than `path` carries data, or would at once if `path` did not work. */
export function isReplaceable(path: TunnelPath, paths: PathManager<TunnelPath>): boolean {
  return paths.list.some(
    (each) => each !== path && (paths.state(each.id) === 'active' || (isHealthy(each) && !each.blocked)),
  )
}

function isHealthy({ link, prober, sender, settings }: TunnelPath): boolean {
  const isWell = prober.state === 'normal' && sender?.isSuspect !== true
  return link !== undefined && isWell && !settings.isExhausted
}

/** What there is among the paths of a session. */
interface Company {
  /** A healthy path. */
  readonly healthy: boolean
  /** One that is no backup. */
  readonly regular: boolean
}

function companyOf(paths: PathManager<TunnelPath>): Company {
  let healthy = false
  let regular = false
  for (const path of paths.list) {
    if (!isHealthy(path)) continue
    healthy = true
    regular ||= path.settings.role !== 'backup'
  }
  return { healthy, regular }
}

function whyNot(path: TunnelPath, { healthy, regular }: Company): string | undefined {
  if (path.link === undefined) return 'no link'
  if (path.settings.isExhausted) return 'exhausted'
  if (path.settings.role === 'backup' && regular) return 'backup'
  if (path.blocked) return 'link full'
  if (path.prober.state === 'lost') return 'lost'
  if (path.sender?.isSuspect === true && healthy) return 'suspect'
  if (path.prober.state === 'normal') return undefined
  if (path.prober.state === 'unstable' && !healthy) return undefined
  return path.prober.state
}
