import type { TunnelEvent } from '@mp/tunnel'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'

/** Turns what happens to the tunnel into log lines, each said once. Whose path it is stands beside the message. */
export function createReporter({ security }: Config, log: Log): (event: TunnelEvent) => void {
  // A server says nothing to whom it does not know, so wrong keys look like this too.
  const suspects =
    security === 'none' ? 'its port and firewalls' : 'its port, firewalls and the keys of both sides'
  return (event) => {
    switch (event.type) {
      case 'established':
        return log.info(`tunnel established with ${event.peer}`, { peer: event.peer })
      case 'unanswered':
        return log.warn(`the server does not answer on any path; trying on. Check that it runs, ${suspects}`)
      case 'stalled':
        return log.warn(`no path to the server works; looking for it on all of them`)
      case 'closed':
        return log.info(`session ended: ${event.reason}`, { peer: event.peer })
      case 'path-state':
        return reportState(event, log)
      case 'path-linked':
        return log.info(`${event.path}: leads to ${event.remote}${wayOf(event.transport)}`, about(event))
      case 'path-unlinked':
        return log.warn(`${event.path}: no link: ${event.reason}`, about(event))
    }
  }
}

/** What is not usual is said. */
const wayOf = (transport: string): string => (transport === 'udp' ? '' : ` over ${transport.toUpperCase()}`)

const about = ({ peer, path }: { readonly peer: string; readonly path: string }) => ({ peer, path })

function reportState(
  { peer, path, from, to, reason }: TunnelEvent & { readonly type: 'path-state' },
  log: Log,
): void {
  const fields = { peer, path, from, to, reason }
  if (to === 'normal') log.info(`${path}: ${to}`, fields)
  else log.warn(`${path}: ${to}`, fields)
}
