import type { Snapshot } from '../../daemon/snapshot.ts'
import type { Io } from '../io.ts'
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
      io.stdout.write(
        json ? `${JSON.stringify(view.json(snapshot), undefined, 2)}\n` : textOf(view, snapshot),
      )
      return
    }
    const intervalMs = (watch === true ? 1 : watch) * 1000
    for await (const item of client.subscribe('watch-status', { intervalMs })) {
      const snapshot = item as Snapshot
      if (json) io.stdout.write(`${JSON.stringify(view.json(snapshot))}\n`)
      else io.stdout.write(`${io.stdout.isTTY === true ? CLEAR : ''}${textOf(view, snapshot)}\n`)
    }
  })
}

const textOf = (view: View, snapshot: Snapshot): string => `${view.lines(snapshot).join('\n')}\n`
