import type { VNode } from 'preact'
import { lossRatio } from '../feed/readings.ts'
import type { Path, Peer } from '../feed/types.ts'
import { milliseconds, percent, rate } from '../feed/units.ts'
import type { Quantity } from '../feed/units.ts'
import { Figure } from './figure.tsx'
import { Swatch } from './swatch.tsx'
import { StateLabel } from './state-label.tsx'
import type { Words } from './words.ts'

interface Props {
  readonly peer: Peer
  /** Whose lines they are, where there could be others. */
  readonly of: string | undefined
  readonly words: Words
}

interface Column {
  readonly title: string
  readonly of: (path: Path) => Quantity
}

const columnsFor = ({ rx, tx }: Words): readonly Column[] => [
  { title: rx, of: ({ rxBps }) => rate(rxBps) },
  { title: tx, of: ({ txBps }) => rate(txBps) },
  { title: 'Round trip', of: ({ rttMs, state }) => milliseconds(state === 'lost' ? null : rttMs) },
  { title: 'Queue', of: ({ queueDelayMs, state }) => milliseconds(state === 'lost' ? null : queueDelayMs) },
  { title: 'Loss', of: (path) => percent(lossRatio(path)) },
  { title: 'Could carry', of: ({ capacityBps }) => rate(capacityBps) },
]

/** Each line in figures: all that the charts show, for those who cannot see them too. */
export function LineTable({ peer: { paths }, of, words }: Props): VNode {
  const columns = columnsFor(words)
  return (
    <section class="panel">
      <h2>Lines{of !== undefined && <small>of {of}</small>}</h2>
      <table class="lines">
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">State</th>
            <th scope="col" class="share-head">
              Share of what is sent
            </th>
            {columns.map(({ title }) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {paths.map((path) => (
            <Row key={path.id} path={path} columns={columns} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Row({ path, columns }: { readonly path: Path; readonly columns: readonly Column[] }): VNode {
  const { id, name, transport, localAddress, remoteAddress, txShare } = path
  const way = transport === null ? 'no link' : `${transport} ${localAddress} → ${remoteAddress}`
  return (
    <tr>
      <th scope="row">
        <Swatch id={id} />
        <span class="name">{name}</span>
        <span class="way">{way}</span>
      </th>
      <td class="state-cell">
        <StateLabel path={path} />
      </td>
      <td class="share" data-title="Share">
        <span class="share-bar" aria-hidden="true">
          <span class={`fill line-${id % 8}`} style={{ width: `${(txShare ?? 0) * 100}%` }} />
        </span>
        <Figure quantity={percent(txShare)} />
      </td>
      {columns.map(({ title, of }) => (
        <td key={title} class="number" data-title={title}>
          <Figure quantity={of(path)} />
        </td>
      ))}
    </tr>
  )
}
