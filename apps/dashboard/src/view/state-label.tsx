import type { VNode } from 'preact'
import type { Path, PathState } from '../feed/types.ts'
import { duration } from '../feed/units.ts'

const STATES: Readonly<Record<PathState, { readonly text: string; readonly mark: string }>> = {
  normal: { text: 'Up', mark: '●' },
  unstable: { text: 'Unstable', mark: '▲' },
  lost: { text: 'Lost', mark: '✕' },
  initializing: { text: 'Starting', mark: '○' },
}

/** Why a path that is well carries nothing, in words. */
const REASONS: Readonly<Record<string, string>> = {
  'no-link': 'no link',
  'link-full': 'link full',
  suspect: 'silent',
}

/** How a path is: a mark, a word and for how long, so that no colour is needed to tell. */
export function StateLabel({ path: { state, stateAgeMs, unusedReason } }: { readonly path: Path }): VNode {
  const { text, mark } = STATES[state]
  const reason = unusedReason === null ? undefined : REASONS[unusedReason]
  return (
    <span class={`state ${reason === undefined ? state : 'unstable'}`}>
      <span class="mark" aria-hidden="true">
        {mark}
      </span>
      <span>{text}</span>
      <span class="since">{reason ?? duration(stateAgeMs)}</span>
    </span>
  )
}
