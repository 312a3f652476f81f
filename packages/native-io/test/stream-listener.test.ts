import { constants } from 'node:os'
import { Mempool } from '@mp/mempool'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Binding, Handle, TcpListenerConfig } from '../src/binding.ts'
import { READABLE } from '../src/layout.ts'
import { listenForStreams } from '../src/stream-listener.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it.each([{ batchSize: 0 }, { batchSize: 512 }, { maxFrameBytes: 65_536 }])(
  'a listener refuses %o before it is open, and not when the first connection comes',
  (wrong) => {
    const listenTcp = vi.fn<Binding['listenTcp']>()
    const options = { pool: new Mempool({ classes: [{ packetBytes: 100, slots: 8 }] }), local: '127.0.0.1:0' }
    expect(() =>
      listenForStreams({ listenTcp } as unknown as Binding, {
        ...options,
        ...wrong,
        onStream: () => {},
        onFailure: () => {},
      }),
    ).toThrow(RangeError)
    expect(listenTcp).not.toHaveBeenCalled()
  },
)

it('for want of descriptors a listener says so and asks again later, not all the time', () => {
  const started = vi.fn<() => void>()
  let wakeUp: ((events: number, received: number) => void) | undefined
  const binding: Partial<Binding> = {
    start: started,
    close: () => {},
    acceptTcp: () => -constants.errno.EMFILE,
    listenTcp: (config: TcpListenerConfig) => {
      wakeUp = config.onReady
      return {} as Handle
    },
  }
  const failures: string[] = []
  const listener = listenForStreams(binding as Binding, {
    pool: new Mempool({ classes: [{ packetBytes: 100, slots: 8 }] }),
    local: '127.0.0.1:0',
    onStream: () => {},
    onFailure: ({ code }) => failures.push(code),
  })
  wakeUp!(READABLE, 0)
  expect([failures, started.mock.calls.length]).toEqual([['EMFILE'], 1])
  vi.advanceTimersByTime(100)
  expect(started.mock.calls.length).toBe(2)
  wakeUp!(READABLE, 0)
  listener.close()
  vi.advanceTimersByTime(1000)
  expect([failures.length, started.mock.calls.length]).toEqual([2, 2])
})
