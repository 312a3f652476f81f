import type { VNode } from 'preact'
import type { Path, PathState } from '../feed/types.ts'
import { duration } from '../feed/units.ts'

const STATES: Readonly<Record<PathState, { readonly text: string; readonly mark: string }>> = {
  normal: { text: 'Up', mark: '●' },
  unstable: { text: 'Unstable', mark: '▲' },
  lost: { text: 'Lost', mark: '✕' },
  initializing: { text: 'Starting', mark: '○' },
}

/** Why a path whose probes are answered carries nothing all the same. */
const REASONS: Readonly<Record<string, string>> = {
  'no-link': 'No link',
  'link-full': 'Full',
  suspect: 'Silent',
}

/** How a path is: a mark, a word and for how long, so that no colour is needed to tell. */
export function StateLabel({ path: { state, stateAgeMs, unusedReason } }: { readonly path: Path }): VNode {
  const reason = unusedReason === null || state === 'lost' ? undefined : REASONS[unusedReason]
  const { text, mark } = STATES[reason === undefined ? state : 'unstable']
  return (
    <span class={`state ${reason === undefined ? state : 'unstable'}`}>
      <span class="mark" aria-hidden="true">
        {mark}
      </span>
      <span>{reason ?? text}</span>
      {reason === undefined && <span class="since">{duration(stateAgeMs)}</span>}
    </span>
  )
}
