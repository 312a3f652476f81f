import type { Terminal } from '../../view/top/index.ts'
import type { Io } from '../io.ts'

/** A terminal that is painted as a whole. */
export interface Screen {
  /** Settles when somebody wants to end it: `q`, Ctrl-C, Escape, a signal. */
  readonly quit: Promise<void>
  paint(): void
  /** Leaves the terminal as it was. Idempotent. */
  close(): void
}

const ESCAPE = '\u001B'
/** The other screen, without a cursor; and back. */
const ENTER = `${ESCAPE}[?1049h${ESCAPE}[?25l`
const LEAVE = `${ESCAPE}[?25h${ESCAPE}[?1049l`
const HOME = `${ESCAPE}[H`
const CLEAR_LINE = `${ESCAPE}[K`
const QUIT_KEYS = new Set(['q', 'Q', '\u0003', ESCAPE])
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Takes the terminal over until it is closed. `render` makes the lines, at once and whenever the size changes. */
export function openScreen(
  { stdin, stdout, env }: Io,
  render: (terminal: Terminal) => readonly string[],
): Screen {
  let isOpen = true
  const { promise, resolve: quit } = withResolver()
  const paint = (): void => {
    // One that does not know its size says 0.
    const columns = stdout.columns || 80
    const rows = stdout.rows || 24
    const isColoured = env['NO_COLOR'] === undefined || env['NO_COLOR'] === ''
    const lines = render({ columns, rows, isColoured })
    if (isOpen) stdout.write(HOME + lines.map((line) => line + CLEAR_LINE).join('\r\n'))
  }
  const onKeys = (keys: Buffer): void => {
    if (QUIT_KEYS.has(keys.toString('latin1'))) quit()
  }
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    for (const signal of SIGNALS) process.off(signal, quit)
    stdout.off?.('resize', paint)
    stdin.off('data', onKeys)
    stdin.setRawMode?.(false)
    stdin.pause()
    stdout.write(LEAVE)
  }
  for (const signal of SIGNALS) process.on(signal, quit)
  stdout.on?.('resize', paint)
  stdin.setRawMode?.(true)
  stdin.on('data', onKeys)
  stdout.write(ENTER)
  paint()
  return { quit: promise, paint, close }
}

/** A promise and what settles it; `Promise.withResolvers` is not in all versions of Node that this runs on. */
function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: (() => void) | undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve: () => resolve?.() }
}
