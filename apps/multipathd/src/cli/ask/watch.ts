import type { Snapshot } from '../../daemon/snapshot.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { askDaemon } from './daemon.ts'
import type { DaemonFlags } from './daemon.ts'

/** Flags of what can be watched. */
export interface WatchFlags extends DaemonFlags {
  readonly json?: boolean
  /** Seconds from one look to the next; `true` without a number. */
  readonly watch?: true | number
}

/** How a snapshot is shown. */
export interface View {
  lines(snapshot: Snapshot): readonly string[]
  json(snapshot: Snapshot): unknown
}

const CLEAR = '\u001B[H\u001B[J'

/** Shows a snapshot once, or again and again until it is interrupted or the daemon ends. */
export async function show(flags: WatchFlags, io: Io, view: View): Promise<void> {
  const { json = false, watch } = flags
  await askDaemon(flags, io, async (client) => {
    if (watch === undefined) {
      const snapshot = (await client.request('status')) as Snapshot
      const text = json ? `${JSON.stringify(view.json(snapshot), undefined, 2)}\n` : textOf(view, snapshot)
      return print(io.stdout, text)
    }
    const intervalMs = (watch === true ? 1 : watch) * 1000
    for await (const item of client.subscribe('watch-status', { intervalMs })) {
      const snapshot = item as Snapshot
      const clear = io.stdout.isTTY === true ? CLEAR : ''
      const text = json ? JSON.stringify(view.json(snapshot)) : `${clear}${textOf(view, snapshot)}`
      await print(io.stdout, `${text}\n`)
    }
  })
}

const textOf = (view: View, snapshot: Snapshot): string => `${view.lines(snapshot).join('\n')}\n`
