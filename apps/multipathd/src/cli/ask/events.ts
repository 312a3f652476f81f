import type { LoggedEvent } from '../../daemon/event-log.ts'
import { printable } from '../../view/table.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { askDaemon } from './daemon.ts'
import type { DaemonFlags } from './daemon.ts'

export interface EventFlags extends DaemonFlags {
  readonly limit: number
  readonly follow?: boolean
  readonly json?: boolean
}

/** Shows the last events, and with `follow` the next ones until it is interrupted or the daemon ends. */
export async function followEvents({ limit, follow, json, ...flags }: EventFlags, io: Io): Promise<void> {
  const textOf = (event: LoggedEvent): string =>
    `${json === true ? JSON.stringify(event) : eventLine(event)}\n`
  await askDaemon(flags, io, async (client) => {
    if (follow !== true) {
      const events = (await client.request('events', { limit })) as LoggedEvent[]
      return print(io.stdout, events.map(textOf).join(''))
    }
    for await (const event of client.subscribe('watch-events', { limit }))
      await print(io.stdout, textOf(event as LoggedEvent))
  })
}

/** `2026-11-27 10:00:01  ! server Wj0f…  lte: lost` */
function eventLine({ at, level, message, fields }: LoggedEvent): string {
  const time = at.replace('T', ' ').replace(/\..*$/, '')
  const peer = typeof fields['peer'] === 'string' ? `${printable(fields['peer'])}  ` : ''
  return `${time}  ${level === 'warn' ? '!' : ' '} ${peer}${printable(message)}`
}
