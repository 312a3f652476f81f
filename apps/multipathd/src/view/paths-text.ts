import type { PathSnapshot, Snapshot } from '../daemon/snapshot.ts'
import { stateOf } from './path-words.ts'
import { printable, table } from './table.ts'
import type { Column } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'PATH' },
  { title: 'STATE' },
  { title: 'WEIGHT', align: 'right' },
  { title: 'OVER' },
  { title: 'FROM' },
  { title: 'TO' },
]

/** Lines with the paths of each peer and where they lead; `statusText` has what they carry. */
export function pathsText({ peers }: Snapshot): string[] {
  if (peers.length === 0) return ['no paths, since no peer is here']
  return peers.flatMap(({ name, paths }, index) => [
    ...(index === 0 ? [] : ['']),
    printable(name),
    ...table(COLUMNS, paths.map(pathRow)),
  ])
}

function pathRow(path: PathSnapshot): string[] {
  const { name, weight, transport, localAddress, remoteAddress } = path
  return [name, stateOf(path), String(weight), transport ?? '–', localAddress ?? '–', remoteAddress ?? '–']
}
