import type { VNode } from 'preact'
import type { Peer, Snapshot } from '../feed/types.ts'
import { bytes, duration, rate } from '../feed/units.ts'
import { Figure } from './figure.tsx'

interface Props {
  readonly snapshot: Snapshot
  readonly chosen: string | undefined
  readonly onChoose: (peer: string) => void
}

/** Who is there, and who is not; one of them is looked at below. */
export function PeerTable({ snapshot: { peers, absentPeers }, chosen, onChoose }: Props): VNode {
  return (
    <section class="panel">
      <h2>
        Clients<small>{`${peers.length} here, ${absentPeers.length} not`}</small>
      </h2>
      <table class="peers">
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col">Lines</th>
            <th scope="col" class="number">
              From it
            </th>
            <th scope="col" class="number">
              To it
            </th>
            <th scope="col" class="number wide">
              In all
            </th>
            <th scope="col" class="number">
              Here for
            </th>
          </tr>
        </thead>
        <tbody>
          {peers.map((peer) => (
            <Row key={peer.name} peer={peer} isChosen={peer.name === chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
      {absentPeers.length > 0 && <p class="absent">Not here: {absentPeers.join(', ')}</p>}
    </section>
  )
}

interface RowProps {
  readonly peer: Peer
  readonly isChosen: boolean
  readonly onChoose: (peer: string) => void
}

function Row({ peer, isChosen, onChoose }: RowProps): VNode {
  const { name, paths, rxBps, txBps, rxBytes, txBytes, ageMs, established } = peer
  const up = paths.filter(({ state }) => state === 'normal').length
  return (
    <tr class={isChosen ? 'chosen' : undefined}>
      <th scope="row">
        <button type="button" aria-pressed={isChosen} onClick={() => onChoose(name)}>
          {name}
        </button>
      </th>
      <td class={up < paths.length ? 'warn' : undefined} data-title="Lines">
        {up} of {paths.length} up
      </td>
      <td class="number" data-title="From it">
        <Figure quantity={rate(rxBps)} />
      </td>
      <td class="number" data-title="To it">
        <Figure quantity={rate(txBps)} />
      </td>
      <td class="number wide" data-title="In all">
        <Figure quantity={bytes(rxBytes + txBytes)} />
      </td>
      <td class="number" data-title="Here for">
        {established ? duration(ageMs) : 'joining'}
      </td>
    </tr>
  )
}
