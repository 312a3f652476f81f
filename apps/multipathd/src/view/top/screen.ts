import { styleText } from 'node:util'
import type { LoggedEvent } from '../../daemon/event-log.ts'
import type { PathSnapshot, PeerSnapshot, Snapshot } from '../../daemon/snapshot.ts'
import { pathCells } from '../path-words.ts'
import { headOf, peerLine } from '../status-text.ts'
import { fit, widthOf } from '../table.ts'
import type { History } from './history.ts'
import { sparkline } from './sparkline.ts'

/** What `top` shows. */
export interface TopState {
  readonly snapshot: Snapshot | undefined
  readonly history: History
  /** The last ones, the oldest first. */
  readonly events: readonly LoggedEvent[]
}

/** Places there are, and whether there are colours. */
export interface Terminal {
  readonly columns: number
  readonly rows: number
  readonly isColoured: boolean
}

type Style = Parameters<typeof styleText>[0]

/** Widths of the columns before the line of bars; the first two are flush left. */
const WIDTHS = [10, 11, 6, 6, 7, 7, 7, 6]
const LEAST_BARS = 4
/** Rows for events, with their title. */
const EVENT_ROWS = 5

/** The whole screen: exactly `rows` lines of at most `columns` places. */
export function topScreen(state: TopState, terminal: Terminal): string[] {
  const { columns, rows } = terminal
  const paint = painter(terminal)
  const head = headLines(state, terminal)
  const events = rows > 16 ? eventLines(state.events, terminal) : []
  const room = Math.max(0, rows - head.length - events.length - 1)
  const body = bodyLines(state, terminal)
  const shown =
    body.length <= room
      ? body
      : [...body.slice(0, Math.max(0, room - 1)), fit(more(body.length - room + 1), columns)]
  const filled = [...head, ...shown, ...Array.from({ length: room - shown.length }, () => ''), ...events]
  return [...filled, paint('dim', fit('q quit   rates in Mbit/s', columns))].slice(0, rows)
}

const more = (lines: number): string => `… ${lines} more lines: make the window higher`

function painter({ isColoured }: Terminal): (style: Style, text: string) => string {
  return isColoured
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text
}

function headLines({ snapshot }: TopState, terminal: Terminal): string[] {
  const { columns } = terminal
  const paint = painter(terminal)
  if (snapshot === undefined) return [fit('looking …', columns), '']
  const time = snapshot.takenAt.slice(11, 19)
  const room = columns - time.length - 1
  return [room > 0 ? `${paint('bold', fit(headOf(snapshot.daemon), room))} ${time}` : fit(time, columns), '']
}

function bodyLines({ snapshot, history }: TopState, terminal: Terminal): string[] {
  if (snapshot === undefined) return []
  if (snapshot.peers.length === 0) return [fit('no peer is here', terminal.columns)]
  return snapshot.peers.flatMap((peer, index) => [
    ...(index === 0 ? [] : ['']),
    fit(peerLine(peer), terminal.columns).trimEnd(),
    painter(terminal)('dim', titles(terminal)),
    ...peer.paths.map((path) => pathLine(path, { peer, history }, terminal)),
  ])
}

function titles({ columns }: Terminal): string {
  return fit(
    cells(['PATH', 'STATE', 'UP', 'DOWN', 'CARRIES', 'RTT', 'QUEUE', 'LOSS']) + ' TRAFFIC',
    columns,
  ).trimEnd()
}

function pathLine(
  path: PathSnapshot,
  { peer, history }: { readonly peer: PeerSnapshot; readonly history: History },
  terminal: Terminal,
): string {
  const text = cells(pathCells(path))
  const room = terminal.columns - widthOf(text) - 1
  const bars = room < LEAST_BARS ? '' : ` ${sparkline(history.of(peer.name, path.id, room))}`
  return painter(terminal)(colourOf(path), fit(text, Math.min(terminal.columns, widthOf(text))) + bars)
}

function colourOf({ isUsed, state }: PathSnapshot): Style {
  if (isUsed) return state === 'normal' ? 'green' : 'yellow'
  return state === 'lost' ? 'red' : 'yellow'
}

function cells(texts: readonly string[]): string {
  return texts.map((text, index) => fit(text, WIDTHS[index]!, index < 2 ? 'left' : 'right')).join(' ')
}

function eventLines(events: readonly LoggedEvent[], terminal: Terminal): string[] {
  const paint = painter(terminal)
  const last = events.slice(1 - EVENT_ROWS)
  const lines = last.map(({ at, level, message }) => {
    const text = fit(`${at.slice(11, 19)} ${message}`, terminal.columns).trimEnd()
    return level === 'warn' ? paint('yellow', text) : text
  })
  return [
    paint('dim', 'EVENTS'),
    ...lines,
    ...Array.from({ length: EVENT_ROWS - 1 - lines.length }, () => ''),
  ]
}
