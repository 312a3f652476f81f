import type { ControlClient } from '../../control/index.ts'
import type { LoggedEvent } from '../../daemon/event-log.ts'
import type { Snapshot } from '../../daemon/snapshot.ts'
import { statusText } from '../../view/status-text.ts'
import { History, topScreen } from '../../view/top/index.ts'
import type { Terminal } from '../../view/top/index.ts'
import type { Io } from '../io.ts'
import { askDaemon } from './daemon.ts'
import type { DaemonFlags } from './daemon.ts'
import { openScreen } from './screen.ts'
import { show } from './watch.ts'

const EVENTS_KEPT = 50

/** Shows the paths live until `q` or Ctrl-C; where no terminal is, a table each second. */
export async function runTop(flags: DaemonFlags, io: Io): Promise<void> {
  if (io.stdout.isTTY !== true || io.stdin.isTTY !== true) {
    const view = {
      lines: (snapshot: Snapshot) => statusText(snapshot),
      json: (snapshot: Snapshot) => snapshot,
    }
    return show({ ...flags, watch: true }, io, view)
  }
  await askDaemon(flags, io, (client) => live(client, io))
}

async function live(client: ControlClient, io: Io): Promise<void> {
  const history = new History()
  const events: LoggedEvent[] = []
  let snapshot: Snapshot | undefined
  const screen = openScreen(io, (terminal: Terminal) => topScreen({ snapshot, history, events }, terminal))
  const follow = async (): Promise<void> => {
    for await (const event of client.subscribe('watch-events', { limit: EVENTS_KEPT })) {
      events.push(event as LoggedEvent)
      if (events.length > EVENTS_KEPT) events.shift()
      screen.paint()
    }
  }
  const look = async (): Promise<void> => {
    for await (const item of client.subscribe('watch-status', { intervalMs: 1000 })) {
      snapshot = item as Snapshot
      history.add(snapshot)
      screen.paint()
    }
  }
  try {
    await Promise.race([screen.quit, follow(), look()])
  } finally {
    screen.close()
  }
}
