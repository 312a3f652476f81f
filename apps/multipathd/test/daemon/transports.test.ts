import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { systemRuntime } from '@mp/runtime-node'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/index.ts'
import type { Config } from '../../src/config/index.ts'
import { offloadNotes } from '../../src/daemon/offloads.ts'
import { aboutTransports } from '../../src/daemon/transports.ts'
import { client } from '../config/samples.ts'

function about(changes: object): string {
  const parsed = parseConfig(JSON.stringify({ ...client, ...changes }))
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 64 }] })
  const text = aboutTransports(parsed.config as Config, { pool, runtime: systemRuntime() })
  expect(pool.inUse).toBe(0)
  return text
}

const native = loadNativeIo()
const missing = requires([], { native: native.io !== undefined })

describe.skipIf(missing.length > 0)('the transports in the line at the start [needs native]', () => {
  test('name the offloads that sockets have on this kernel', async () => {
    const socket = native.io!.openSocket({ pool: new Mempool() })
    const { gso, gro } = socket.offloads()
    await socket.close()
    const text = about({})
    expect([/\bgso\b/.test(text), /\bgro\b/.test(text)]).toEqual([gso, gro])
  })

  test('name none that were switched off', () => {
    const offload = { gso: false, gro: false }
    expect(about({ offload })).toBe('udp (native: the native addon loads)')
  })

  test('of TCP have none', () => {
    expect(about({ tcp: true })).not.toMatch(/gso|gro/)
  })
})

test('what a test found wrong stands behind the offloads that act', () => {
  expect(offloadNotes({ gso: false, gro: true }, 'it lies')).toEqual(['gro', 'it lies'])
  expect(offloadNotes({ gso: false, gro: false }, undefined)).toEqual([])
})
