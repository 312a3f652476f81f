import { readFileSync } from 'node:fs'
import { Mempool } from '@mp/mempool'
import { MemoryNetwork, memoryTransport, simRuntime } from '@mp/testkit'
import { simWait, testScheduler, testTransport } from '@mp/testkit/conformance'
import { expect, test } from 'vitest'
import { main, StickyScheduler } from '../src/sticky-scheduler.ts'
import { throttledTransport } from '../src/throttled-transport.ts'

const whyNotInTurn = 'a flow keeps its path'

testScheduler({
  name: 'sticky',
  create: () => ({ scheduler: new StickyScheduler() }),
  skip: [
    {
      test: 'paths of which nothing is known but that they are equal serve in turn, and so do equal ones observed',
      reason: whyNotInTurn,
    },
    { test: 'charging an unknown path is ignored', reason: whyNotInTurn },
  ],
})

test('flows are spread by weight, and only those of a line that fails move', () => {
  const [dsl, fibre] = main()
    .split('\n')
    .map((line) => Number(/(\d+) flows/.exec(line)?.[1]))
  expect(dsl! + fibre!).toBe(8000)
  expect(fibre! / dsl!).toBeCloseTo(3, 0)

  const scheduler = new StickyScheduler()
  const paths = ['a', 'b', 'c'].map((id) => ({ id, weight: 1 }))
  for (const path of paths) scheduler.add(path)
  const places = (): (string | undefined)[] =>
    Array.from({ length: 300 }, (_, flow) =>
      String(scheduler.peek({ flow, lengthBytes: 1, nowMs: 0, trafficClass: 0 })?.id),
    )
  const before = places()
  scheduler.suspend(paths[0]!)
  const without = places()
  expect(without).not.toContain('a')
  expect(without.filter((id, flow) => before[flow] !== 'a' && before[flow] !== id)).toEqual([])
  scheduler.resume(paths[0]!)
  expect(places()).toEqual(before)
})

const RATE = 1_000_000

function world() {
  const runtime = simRuntime({ seed: 1 })
  const pool = new Mempool({ classes: [{ packetBytes: 1300, slots: 4096 }] })
  const inner = memoryTransport(new MemoryNetwork({ runtime }), { pool, maxFrameBytes: 1299 })
  return { runtime, pool, transport: throttledTransport(inner, { runtime, bytesPerSecond: RATE }) }
}

testTransport({
  name: 'throttled',
  create: () => {
    const { runtime, ...rest } = world()
    return { ...rest, wait: simWait(runtime) }
  },
})

test('a throttled link sends its rate, and no more', async () => {
  const { runtime, pool, transport } = world()
  const batch = pool.createBatch(10)
  const ignore = { onFrames: pool.releaseAll.bind(pool), onUnreachable: () => {}, onClose: () => {} }
  const onWritable = (): void => {
    while (batch.count < batch.capacity) {
      const slot = pool.acquire()
      batch.push(slot, pool.offsetOf(slot), 1000)
    }
    link.send(batch)
    if (batch.count === 0) onWritable()
  }
  const handler = { ...ignore, onWritable }
  const listener = await transport.listen('127.0.0.1:0', { ...ignore, onWritable: () => {} })
  const link = await transport.dial(listener.localAddress, { handler })
  onWritable()
  await runtime.advance(5000)
  expect(link.stats().txBytes / (5 * RATE)).toBeCloseTo(1, 2)
  link.close()
  await listener.close()
  pool.releaseAll(batch)
  await runtime.advance(100)
  expect(pool.inUse).toBe(0)
})

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test.each([
  ['docs/guides/own-scheduler.md', 'examples/src/sticky-scheduler.ts'],
  ['docs/guides/own-transport.md', 'examples/src/throttled-transport.ts'],
])('%s shows %s as it is', (guide, example) => {
  const [, excerpt = ''] = /^```ts\n([^]*?)^```$/m.exec(read(guide)) ?? []
  const asMember = excerpt.replaceAll(/^(?=.)/gm, '  ')
  expect(asMember.split('\n').length).toBeGreaterThan(8)
  expect(read(example)).toContain(asMember)
})
