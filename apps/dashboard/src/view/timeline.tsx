import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { keyOf } from '../feed/store.ts'
import type { LoggedEvent } from '../feed/types.ts'

interface Props {
  readonly events: readonly LoggedEvent[]
  /** There is more than one peer: whose path it was is said too. */
  readonly withPeers: boolean
}

/** So many are shown until more are asked for. */
const FIRST = 12

/** What happened, the newest first. */
export function Timeline({ events, withPeers }: Props): VNode {
  const [all, showAll] = useState(false)
  return (
    <section class="panel">
      <h2>What happened</h2>
      {events.length === 0 && (
        <p class="empty">Nothing yet. Paths that fail and recover, and new keys, show up here.</p>
      )}
      <ol class="events">
        {events.slice(0, all ? undefined : FIRST).map((event) => (
          <Entry key={keyOf(event)} event={event} withPeer={withPeers} />
        ))}
      </ol>
      {!all && events.length > FIRST && (
        <button type="button" class="more" onClick={() => showAll(true)}>
          Show {events.length - FIRST} more
        </button>
      )}
    </section>
  )
}

function Entry({ event, withPeer }: { readonly event: LoggedEvent; readonly withPeer: boolean }): VNode {
  const { at, message, fields } = event
  const { peer, reason } = fields
  return (
    <li class={toneOf(event)}>
      <time dateTime={at}>{clock(at)}</time>
      <span class="mark" aria-hidden="true" />
      <span class="message">
        {message}
        {typeof reason === 'string' && !message.includes(reason) && <span class="reason">{reason}</span>}
      </span>
      {withPeer && typeof peer === 'string' && !message.includes(peer) && <span class="peer">{peer}</span>}
    </li>
  )
}

function toneOf({ type, level, fields }: LoggedEvent): string {
  if (fields['to'] === 'lost' || type === 'stalled' || type === 'unanswered') return 'bad'
  if (level === 'warn') return 'warn'
  return fields['to'] === 'normal' || type === 'established' ? 'good' : 'plain'
}

function clock(at: string): string {
  const date = new Date(at)
  const time = date.toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  })
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? time : `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })} ${time}`
}
