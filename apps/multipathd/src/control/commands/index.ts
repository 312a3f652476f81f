import type { Command } from '../command.ts'
import { commandList } from './commands.ts'
import { dashboard } from './dashboard.ts'
import { events, watchEvents } from './events.ts'
import { status, watchStatus } from './status.ts'
import { capture, trace } from './trace.ts'

/** All that can be asked of a daemon: one file for each subject, one line here, sorted by name. */
export const COMMANDS: readonly Command[] = [
  capture,
  commandList(() => COMMANDS),
  dashboard,
  events,
  status,
  trace,
  watchEvents,
  watchStatus,
]
