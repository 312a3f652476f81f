import type { Command } from '../command.ts'
import { commandList } from './commands.ts'
import { dashboard } from './dashboard.ts'
import { events, watchEvents } from './events.ts'
import { status, watchStatus } from './status.ts'

/** All that can be asked of a daemon: one file for each subject, one line here, sorted by name. */
export const COMMANDS: readonly Command[] = [
  commandList(() => COMMANDS),
  dashboard,
  events,
  status,
  watchEvents,
  watchStatus,
]
