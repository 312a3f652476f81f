import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { EventLog } from '../../src/daemon/event-log.ts'
import { reportOffloadLosses } from '../../src/daemon/offloads.ts'

const LOSS = { of: 'TUN device mp0', offloads: ['tso', 'uso'], reason: 'one packet could not be cut' }

describe('an offload that turns out not to work while the daemon runs', () => {
  it('is said in the log and among the events, until the daemon ends', () => {
    const warnings: string[] = []
    const log = { info: () => {}, error: () => {}, warn: (message: string) => warnings.push(message) }
    const events = new EventLog(() => 0)
    const end = reportOffloadLosses({ log, events })

    channel('mp:offload-loss').publish(LOSS)
    end()
    channel('mp:offload-loss').publish(LOSS)

    expect(warnings).toEqual([
      expect.stringContaining('TUN device mp0: one packet could not be cut; it goes on without tso, uso'),
    ])
    expect(events.recent()).toMatchObject([{ type: 'offload', level: 'warn', fields: LOSS }])
  })
})
