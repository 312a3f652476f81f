import type { PeerSnapshot, Snapshot } from '../daemon/snapshot.ts'
import { table } from './table.ts'
import type { Column } from './table.ts'
import { byteCount, mbit, milliseconds, span } from './units.ts'

const COLUMNS: readonly Column[] = [
  { title: 'PEER' },
  { title: 'HERE FOR' },
  { title: 'PATHS' },
  { title: 'UP', align: 'right' },
  { title: 'DOWN', align: 'right' },
  { title: 'SENT', align: 'right' },
  { title: 'RECEIVED', align: 'right' },
  { title: 'BEST RTT', align: 'right' },
  { title: 'CIPHER' },
]

/** Lines with a row for each peer, those that are not here last. */
export function peersText({ peers, absentPeers }: Snapshot): string[] {
  if (peers.length + absentPeers.length === 0) return ['no peers']
  return table(COLUMNS, [...peers.map(peerRow), ...absentPeers.map((name) => [name, 'not here'])])
}

function peerRow(peer: PeerSnapshot): string[] {
  const { name, established, ageMs, paths, txBps, rxBps, txBytes, rxBytes, cipher } = peer
  const rtts = paths.flatMap(({ isUsed, rttMs }) => (isUsed && rttMs !== null ? [rttMs] : []))
  return [
    name,
    established ? span(ageMs) : 'looking for it',
    `${paths.filter(({ isUsed }) => isUsed).length} of ${paths.length}`,
    mbit(txBps),
    mbit(rxBps),
    byteCount(txBytes),
    byteCount(rxBytes),
    milliseconds(rtts.length === 0 ? null : Math.min(...rtts)),
    cipher ?? 'none',
  ]
}
