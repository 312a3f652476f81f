import type { VNode } from 'preact'
import { joined } from '../feed/readings.ts'
import type { Joined } from '../feed/readings.ts'
import type { Peer } from '../feed/types.ts'
import { inWords, rate } from '../feed/units.ts'
import { Figure } from './figure.tsx'
import type { Words } from './words.ts'

/** All lines together, against the best single one, in both directions. */
export function JoinedPanel({ peer, words }: { readonly peer: Peer; readonly words: Words }): VNode {
  return (
    <section class="joined" aria-label="All lines together">
      <Direction title={words.rx} about="received" now={joined(peer, 'rxBps')} />
      <Direction title={words.tx} about="sent" now={joined(peer, 'txBps')} />
    </section>
  )
}

interface DirectionProps {
  readonly title: string
  readonly about: string
  readonly now: Joined | undefined
}

function Direction({ title, about, now }: DirectionProps): VNode {
  const { sumBps = null, bestBps = 0, bestName = '', parts = [], ratio = null } = now ?? {}
  return (
    <div class="direction">
      <h2>
        {title} <small>{about} over all lines</small>
      </h2>
      <p class="sum">
        <Figure quantity={rate(sumBps)} />
        {ratio !== null && <span class="ratio">{ratio.toFixed(2)}×</span>}
      </p>
      <div class="versus" aria-hidden="true">
        {parts.map((part) => (
          <span key={part.id} class={`line-${part.id % 8}`} style={{ width: `${part.ratio * 100}%` }} />
        ))}
      </div>
      <p class="best-text">
        {ratio === null
          ? 'Nothing to compare while lines are idle'
          : `Best single line: ${bestName}, ${inWords(rate(bestBps))}`}
      </p>
    </div>
  )
}
