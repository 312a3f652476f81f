import type { PathManager } from '@mp/path-manager'
import type { TunnelPath } from './path.ts'

/** Why `path` does not carry data now; undefined when it does. */
export function whyUnused(paths: PathManager<TunnelPath>, path: TunnelPath): string | undefined {
  return whyNot(path, paths.list.some(isHealthy))
}

/**
 * Keeps the active paths of `paths` equal to those that may carry data now. A path needs a link that takes frames
 * and a healthy prober; paths whose health is in doubt serve only while no healthy one is left. The reasons are kept
 * apart here, so that a path comes back only when none of them holds any more.
 */
export function refreshGate(paths: PathManager<TunnelPath>): void {
  const healthy = paths.list.some(isHealthy)
  for (const path of paths.list) {
    const reason = whyNot(path, healthy)
    if (reason === undefined) {
      if (paths.state(path.id) === 'suspended') paths.resume(path.id)
    } else if (paths.state(path.id) === 'active') {
      paths.suspend(path.id, reason)
    }
  }
}

function isHealthy({ link, prober, sender }: TunnelPath): boolean {
  return link !== undefined && prober.state === 'normal' && sender?.isSuspect !== true
}

function whyNot(path: TunnelPath, healthyElsewhere: boolean): string | undefined {
  if (path.link === undefined) return 'no link'
  if (path.blocked) return 'link full'
  if (path.prober.state === 'lost') return 'lost'
  if (path.sender?.isSuspect === true && healthyElsewhere) return 'suspect'
  if (path.prober.state === 'normal') return undefined
  if (path.prober.state === 'unstable' && !healthyElsewhere) return undefined
  return path.prober.state
}
