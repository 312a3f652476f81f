import { constants } from 'node:os'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Binding, Handle, HandleMemory } from '../src/binding.ts'
import { COLUMN } from '../src/layout.ts'
import { InterfaceTable } from '../src/netlink/interface-table.ts'
import { dumpRequest, messagesIn } from '../src/netlink/messages.ts'
import { NetlinkWatch } from '../src/netlink/netlink-watch.ts'

it('reads whatever bytes there are without a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 16, max: 25 }), (bytes, type) => {
      const whole = new Uint8Array(Math.max(16, bytes.length))
      whole.set(bytes)
      // A header that fits, so that the content is looked at.
      const view = new DataView(whole.buffer)
      view.setUint32(0, whole.length, true)
      view.setUint16(4, type, true)
      const table = new InterfaceTable()
      for (const message of messagesIn(whole)) table.handle(message)
      expect(table.interfaces().length).toBeLessThanOrEqual(1)
      expect([...messagesIn(bytes)].length).toBeLessThanOrEqual(19)
    }),
  )
})

it('says nothing of a request, and nothing of one that is cut', () => {
  const request = dumpRequest('links', 7)
  expect([...messagesIn(request)]).toEqual([])
  expect([...messagesIn(request.subarray(0, 20))]).toEqual([])
})

it('forgets after a count what was not named in it', () => {
  const table = new InterfaceTable()
  table.beginCount()
  table.handle({ kind: 'link', index: 1, name: 'eth0', isUp: true })
  table.handle({ kind: 'link', index: 2, name: 'wwan0', isUp: true })
  for (const ip of ['192.0.2.7', '192.0.2.8'])
    table.handle({ kind: 'address', index: 1, ip, isUsable: true, isDeprecated: false })
  table.endCount()
  table.beginCount()
  table.handle({ kind: 'link', index: 1, name: 'eth1', isUp: false })
  table.handle({ kind: 'address', index: 1, ip: '192.0.2.8', isUsable: true, isDeprecated: true })
  table.endCount()
  expect(table.interfaces()).toEqual([
    { name: 'eth1', isUp: false, addresses: [{ ip: '192.0.2.8', isDeprecated: true }] },
  ])
})

/** The end of the answer to request `id`. */
function done(id: number): Uint8Array {
  const message = dumpRequest('links', id).slice(0, 16)
  const view = new DataView(message.buffer)
  view.setUint32(0, 16, true)
  view.setUint16(4, 3, true)
  view.setUint16(6, 0, true)
  return message
}

it('asks for all anew when more happened than the queue holds', () => {
  const asked: string[] = []
  const queue: (number | Uint8Array)[] = []
  let memory: HandleMemory | undefined
  const binding: Partial<Binding> = {
    openNetlink: (given) => {
      memory = given
      return {} as Handle
    },
    start: () => {},
    send: (_handle, _rows, row) => asked.push(memory!.arena.subarray(row![COLUMN.offset]).slice(4, 9).join()),
    receive: (_handle, _rows) => {
      const next = queue.shift() ?? 0
      if (typeof next === 'number') return next
      memory!.arena.set(next)
      memory!.table[COLUMN.length] = next.length
      return 1
    },
  }
  const told: unknown[] = []
  const watch = new NetlinkWatch(binding as Binding)
  watch.start({ onInterfaces: (interfaces) => told.push(interfaces), onRoutes: () => told.push('routes') })
  queue.push(-constants.errno.ENOBUFS)
  memory!.onReady(1, 0)
  // Links are 18, addresses 22; the last byte is the number of the request.
  expect(asked).toEqual(['18,0,1,3,1', '18,0,1,3,2'])
  queue.push(done(1), done(2))
  memory!.onReady(1, 0)
  expect([asked.at(-1), told]).toEqual(['22,0,1,3,3', []])
  queue.push(done(3))
  memory!.onReady(1, 0)
  expect(told).toEqual([[], 'routes'])
})
