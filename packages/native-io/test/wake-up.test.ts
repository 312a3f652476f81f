import type { PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { expect, it, vi } from 'vitest'
import type { Binding, Handle, HandleMemory } from '../src/binding.ts'
import { Endpoint } from '../src/endpoint.ts'
import { MORE, MORE_LEFT, READABLE } from '../src/layout.ts'

/** An endpoint at a device that fills `receive(rows)` rows of those it is given, and says `more` of what is left. */
function endpointWith(receive: (rows: number) => number, more: number, batchSize = 128) {
  const pool = new Mempool({ classes: [{ packetBytes: 100, slots: 1024 }] })
  let memory: HandleMemory | undefined
  const binding: Partial<Binding> = {
    start: () => {},
    close: () => {},
    receive: (_handle, rows) => {
      memory!.state[MORE_LEFT] = more
      return receive(rows)
    },
  }
  const endpoint = new Endpoint({
    binding: binding as Binding,
    pool,
    batchSize,
    reserveBytes: 0,
    open: (given) => {
      memory = given
      return {} as Handle
    },
  })
  const heard: number[] = []
  endpoint.start({
    onBatch: (batch: PacketBatch) => {
      heard.push(batch.count)
      pool.releaseAll(batch)
    },
    onWritable: () => {},
    onUnreachable: () => {},
    onClose: () => {},
  })
  return { endpoint, heard, pool, wakeUp: () => memory!.onReady(READABLE) }
}

it('a flood gets a bounded number of packets per wake-up, however large its batches', async () => {
  for (const [batchSize, most] of [
    [8, 32],
    [128, 256],
    [600, 600],
  ] as const) {
    const { endpoint, heard, pool, wakeUp } = endpointWith((rows) => rows, MORE.inKernel, batchSize)
    wakeUp()
    expect(heard.reduce((sum, packets) => sum + packets, 0)).toBe(most)
    await endpoint.close()
    expect(pool.inUse).toBe(0)
  }
})

it('what the addon holds is fetched without another wake-up, until there is no more or it is closed', async () => {
  let calls = 0
  const { endpoint, heard, pool, wakeUp } = endpointWith(() => (calls++ < 10 ? 50 : 0), MORE.held)
  wakeUp()
  const atOnce = heard.length
  await vi.waitUntil(() => heard.length === 10)
  expect(atOnce).toBeLessThan(10)
  await endpoint.close()
  const before = calls
  await new Promise(setImmediate)
  expect(calls).toBe(before)
  expect(pool.inUse).toBe(0)
})
