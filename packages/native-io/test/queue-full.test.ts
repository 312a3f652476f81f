import { constants } from 'node:os'
import { Mempool } from '@mp/mempool'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Binding, Handle, UdpConfig } from '../src/binding.ts'
import { STATE } from '../src/layout.ts'
import { openSocket } from '../src/socket.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** An addon whose interface has a full queue: no packet goes, and the socket counts as writable all the same. */
function fullQueue(): Binding {
  let config: UdpConfig | undefined
  const binding: Partial<Binding> = {
    openUdp: (given) => {
      config = given
      given.localAddress = '127.0.0.1:1'
      return {} as Handle
    },
    start: () => {},
    overflowed: () => 0,
    close: () => {},
    send: () => {
      config!.state[STATE.blocked] = constants.errno.ENOBUFS
      return 0
    },
  }
  return binding as Binding
}

it('a socket whose interface has a full queue is writable a moment later, but not once it is closed', async () => {
  const pool = new Mempool({ classes: [{ packetBytes: 100, slots: 4 }] })
  const socket = openSocket(fullQueue(), { pool })
  const heard: string[] = []
  socket.start({
    onDatagrams: () => {},
    onWritable: () => heard.push('writable'),
    onUnreachable: () => {},
    onClose: () => heard.push('closed'),
  })
  const batch = pool.createBatch(1)
  batch.push(pool.acquire(), 0, 10)
  expect(socket.send(batch)).toBe(0)
  vi.advanceTimersByTime(10)
  expect(heard).toEqual(['writable'])
  await socket.close()
  expect(socket.send(batch)).toBe(1)
  vi.advanceTimersByTime(10)
  expect(heard).toEqual(['writable', 'closed'])
  expect(pool.inUse).toBe(0)
})
