import type { VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LinkState } from '../feed/connect.ts'
import { keyOf } from '../feed/store.ts'
import type { LoggedEvent } from '../feed/types.ts'

interface Props {
  readonly events: readonly LoggedEvent[]
  readonly link: LinkState
}

/** Says to screen readers what changed in the state of paths and peers. Figures change each second, and are not said. */
export function Announcer({ events, link }: Props): VNode {
  const last = useRef<string | undefined>(undefined)
  const [text, say] = useState('')
  const [newest] = events
  const key = newest && keyOf(newest)
  useEffect(() => {
    if (newest === undefined) return
    // What was there when the page opened is in the timeline.
    if (last.current !== undefined && newest.type !== 'rekeyed') say(newest.message)
    last.current = key
  }, [key])
  return (
    <p class="visually-hidden" aria-live="polite">
      {link === 'reconnecting' ? 'The daemon does not answer.' : text}
    </p>
  )
}
