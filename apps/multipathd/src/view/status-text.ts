import type { DaemonSnapshot, PathSnapshot, PeerSnapshot, Snapshot } from '../daemon/snapshot.ts'
import { pathCells } from './path-words.ts'
import { printable, table } from './table.ts'
import type { Column } from './table.ts'
import { percent, rate, span } from './units.ts'

const PATH_COLUMNS: readonly Column[] = [
  { title: 'PATH' },
  { title: 'STATE' },
  { title: 'UP', align: 'right' },
  { title: 'DOWN', align: 'right' },
  { title: 'CARRIES', align: 'right' },
  { title: 'RTT', align: 'right' },
  { title: 'QUEUE', align: 'right' },
  { title: 'LOSS', align: 'right' },
  { title: 'SHARE', align: 'right' },
  { title: 'REMOTE' },
]

/** Lines that say how a daemon and its paths are; of one peer only when `peer` is given. */
export function statusText(snapshot: Snapshot, peer?: string): string[] {
  const { daemon, tun, absentPeers, drops } = snapshot
  const peers = snapshot.peers.filter(({ name }) => peer === undefined || name === peer)
  const lines = [headOf(daemon)]
  if (tun.offloadReason !== null) lines.push(`${tun.name}: ${tun.offloadReason}`)
  for (const each of peers) lines.push('', ...peerText(each))
  if (peer !== undefined) return lines
  if (absentPeers.length > 0) lines.push('', `Not here: ${absentPeers.map(printable).join(', ')}`)
  if (dropsText(drops) !== '') lines.push('', `Dropped: ${dropsText(drops)}`)
  return lines
}

/** Drops by reason, most first. */
export function dropsText(drops: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(drops)
    .filter(([, packets]) => packets > 0)
    .toSorted(([, a], [, b]) => b - a)
  return sorted.map(([reason, packets]) => `${reason} ${packets}`).join(', ')
}

/** In a line: which daemon, since when, sealed with what. */
export function headOf({ name, role, uptimeMs, scheduling, encryption }: DaemonSnapshot): string {
  const sealed = encryption === null ? 'NOT ENCRYPTED' : 'encrypted'
  return `${printable(name)}: ${role} for ${span(uptimeMs)}, ${sealed}, ${scheduling}`
}

/** In a line: who it is, for how long, what it sends and gets. */
export function peerLine({ name, established, ageMs, txBps, rxBps, cipher }: PeerSnapshot): string {
  if (!established) return `${printable(name)}: looking for it`
  const sealed = cipher === null ? '' : `, ${cipher}`
  return `${printable(name)}: for ${span(ageMs)}, up ${rate(txBps)}, down ${rate(rxBps)}${sealed}`
}

function peerText(peer: PeerSnapshot): string[] {
  return [peerLine(peer), ...table(PATH_COLUMNS, peer.paths.map(pathRow))]
}

function pathRow(path: PathSnapshot): string[] {
  return [...pathCells(path), percent(path.txShare), path.remoteAddress ?? '–']
}
