import type { Command } from '../command.ts'
import { commandList } from './commands.ts'
import { dashboard } from './dashboard.ts'
import { events, watchEvents } from './events.ts'
import { addPath, reload, removePath, setPath } from './reload.ts'
import { status, watchStatus } from './status.ts'
import { capture, trace } from './trace.ts'

/** All that can be asked of a daemon: one file for each subject, one line here, sorted by name. */
export const COMMANDS: readonly Command[] = [
  addPath,
  capture,
  commandList(() => COMMANDS),
  dashboard,
  events,
  reload,
  removePath,
  setPath,
  status,
  trace,
  watchEvents,
  watchStatus,
]
