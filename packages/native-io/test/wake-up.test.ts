import type { PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { expect, it, vi } from 'vitest'
import type { Binding, Handle, HandleMemory } from '../src/binding.ts'
import { Endpoint } from '../src/endpoint.ts'
import { MORE, MORE_LEFT, READABLE, READY_ROWS } from '../src/layout.ts'

/**
 * An endpoint at a device that fills `receive(rows)` rows of those it is given, and says `more` of what is left. As the
 * addon does, it receives into the rows that are ready before it calls.
 */
function endpointWith(receive: (rows: number) => number, more: number, batchSize = 128) {
  const pool = new Mempool({ classes: [{ packetBytes: 100, slots: 1024 }] })
  let memory: HandleMemory | undefined
  const fetch = (rows: number): number => {
    memory!.state[MORE_LEFT] = more
    return receive(rows)
  }
  const binding: Partial<Binding> = {
    start: () => {},
    close: () => {},
    receive: (_handle, rows) => fetch(rows),
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
  const wakeUp = (): void => {
    const ready = memory!.state[READY_ROWS]!
    memory!.onReady(READABLE, ready > 0 ? fetch(ready) : 0)
  }
  return { endpoint, heard, pool, wakeUp }
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

it('what came before the call is handed over, and nothing more is asked for', async () => {
  let calls = 0
  const receive = (): number => Math.min(++calls, 3)
  const { endpoint, heard, pool, wakeUp } = endpointWith(receive, MORE.none)
  for (let wakeUps = 0; wakeUps < 4; wakeUps++) wakeUp()
  expect(heard).toEqual([1, 2, 3, 3])
  expect(calls).toBe(4)
  await endpoint.close()
  expect(pool.inUse).toBe(0)
})

it('asks anew when the pool had no slot to receive into at the last wake-up', async () => {
  const { endpoint, heard, pool, wakeUp } = endpointWith((rows) => Math.min(rows, 1), MORE.none)
  const taken = Array.from({ length: pool.capacity }, () => pool.acquire())
  wakeUp()
  expect(heard).toEqual([])
  for (const slot of taken) pool.release(slot)
  wakeUp()
  wakeUp()
  expect(heard).toEqual([1, 1])
  await endpoint.close()
})
