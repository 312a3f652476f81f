import type { TunnelEvent } from '@mp/tunnel'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { ROUTINE } from './event-log.ts'
import type { EventLog, NewEvent } from './event-log.ts'

/** Where what happens goes. */
export interface Outlets {
  readonly log: Log
  readonly events: EventLog
}

/** Turns what happens to the tunnel into log lines and entries of the event log, each said once. */
export function createReporter(config: Config, { log, events }: Outlets): (event: TunnelEvent) => void {
  return (event) => {
    const news = describeEvent(event, config)
    // New keys come every two minutes: no line of a log is worth that.
    if (event.type !== ROUTINE) log[news.level](news.message, news.fields)
    events.add(news)
  }
}

/** An event in words. Whose path it is stands beside the message. */
function describeEvent(event: TunnelEvent, config: Pick<Config, 'security'>): NewEvent {
  const { type, atMs: _atMs, ...fields } = event
  return { type, level: isTrouble(event) ? 'warn' : 'info', message: messageOf(event, config), fields }
}

function isTrouble(event: TunnelEvent): boolean {
  if (event.type === 'path-state') return event.to !== 'normal'
  if (event.type === 'path-mtu') return event.isBlackHole
  return event.type === 'unanswered' || event.type === 'stalled' || event.type === 'path-unlinked'
}

/** What a change of state means, and what to do about it. */
const MEANINGS: Readonly<Record<(TunnelEvent & { readonly type: 'path-state' })['reason'], string>> = {
  'first-reply': '',
  'no-reply':
    ': no probe was answered. Does this line lead to the other side? `multipathd explain` says what to look at',
  timeouts: ': probes are not answered any more; probed on',
  loss: ': many probes get lost. Look at signal, cable and modem if it stays so',
  delay: ': a queue stands on it',
  unreachable: ': the system cannot send over it. Is the interface up, with an address and a route?',
  reply: ': on trial, since one probe was answered again',
  recovered: '',
}

function messageOf(event: TunnelEvent, { security }: Pick<Config, 'security'>): string {
  if (event.type === 'unanswered') {
    // A server says nothing to whom it does not know, so wrong keys look like this too.
    const suspects =
      security === 'none' ? 'its port and firewalls' : 'its port, firewalls and the keys of both sides'
    return `the server does not answer on any path; trying on. Check that it runs, ${suspects}`
  }
  if (event.type === 'stalled')
    return 'no path to the server works; looking for it on all of them. Check the lines, and that it runs'
  if (event.type === 'established') return `tunnel established with ${event.peer}`
  if (event.type === 'closed') return `session ended: ${event.reason}`
  if (event.type === 'path-state') return `${event.path}: ${event.to}${MEANINGS[event.reason]}`
  if (event.type === 'path-linked') return `${event.path}: leads to ${event.remote}${wayOf(event.transport)}`
  if (event.type === 'path-mtu') return mtuMessage(event)
  if (event.type === 'rekeyed') return `new keys with ${event.peer}`
  return `${event.path}: no link: ${event.reason}`
}

/** What is not usual is said. */
function wayOf(transport: string): string {
  return transport === 'udp' ? '' : ` over ${transport.toUpperCase()}`
}

function mtuMessage({ path, mtuBytes, isBlackHole }: TunnelEvent & { readonly type: 'path-mtu' }): string {
  if (isBlackHole) return `${path}: swallows large packets, up to ${mtuBytes} bytes for now`
  return `${path}: takes packets of up to ${mtuBytes} bytes`
}
