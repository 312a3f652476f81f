import type { PacketPool } from '@mp/interface'
import { loadNativeIo, onOffloadLoss } from '@mp/native-io'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import type { EventLog } from './event-log.ts'

/** Which offloads act, by name. */
export type OffloadsInUse = Readonly<Record<string, boolean>>

/** For the line at the start: the names of the offloads that act, and what a test found wrong with others. */
export function offloadNotes(offloads: OffloadsInUse, reason: string | undefined): string[] {
  const acting = Object.entries(offloads).flatMap(([name, acts]) => (acts ? [name] : []))
  return [...(acting.length > 0 ? [acting.join(', ')] : []), ...(reason === undefined ? [] : [reason])]
}

/** The same of UDP sockets: opens one, looks at it and closes it again. */
export function udpOffloadNotes({ gso, gro }: Config['offload'], pool: PacketPool): string[] {
  const native = loadNativeIo()
  if (native.io === undefined) return []
  const socket = native.io.openSocket({ pool, gso, gro })
  const { gso: sends, gro: receives, reason } = socket.offloads()
  void socket.close()
  return offloadNotes({ gso: sends, gro: receives }, reason)
}

/** Says what turns out not to work while the daemon runs; what is returned ends that. */
export function reportOffloadLosses({
  log,
  events,
}: {
  readonly log: Log
  readonly events: EventLog
}): () => void {
  return onOffloadLoss(({ of, offloads, reason }) => {
    const names = offloads.join(', ')
    const message = `${of}: ${reason}; it goes on without ${names}, packet by packet, which takes more processor time. Switch off under "offload" what does not work here`
    log.warn(message, { offloads, reason })
    events.add({ type: 'offload', level: 'warn', message, fields: { of, offloads, reason } })
  })
}
