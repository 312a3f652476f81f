import type { DatagramSocket } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dgramSocket } from '@mp/udpmux'

const pool = new Mempool({ classes: [{ packetBytes: 64, slots: 1 }] })
const CAPACITY = 4
const addressOf = (port: number): string => `192.0.2.1:${port}`

async function withTable(peerCapacity: number, body: (socket: DatagramSocket) => void): Promise<void> {
  const socket = await dgramSocket({ pool, local: '127.0.0.1:0', peerCapacity })
  try {
    body(socket)
  } finally {
    await socket.close()
  }
}

/** A command to the table: `peer` takes a port, the others a number. */
interface Command {
  readonly do: 'peer' | 'pin' | 'unpin'
  readonly value: number
}

const PINS = { pin: 1, unpin: -1 }

/** What must come of a command, by the pins alone: pinned addresses with how often. */
function expectedOf(
  { do: verb, value }: Command,
  before: string | undefined,
  pins: Map<string, number>,
): string {
  if (verb === 'peer') {
    return pins.size === CAPACITY && !pins.has(addressOf(value)) ? 'full' : addressOf(value)
  }
  const count = (pins.get(before ?? '') ?? 0) + PINS[verb]
  if (before === undefined || count < 0) return 'RangeError'
  if (count === 0) pins.delete(before)
  else pins.set(before, count)
  return before
}

/** What came of it. */
function outcomeOf({ do: verb, value }: Command, socket: DatagramSocket): string | undefined {
  try {
    const peer = verb === 'peer' ? socket.peer(addressOf(value)) : (socket[verb](value), value)
    return peer === -1 ? 'full' : socket.peerAddress(peer)
  } catch (error) {
    return (error as Error).name
  }
}

describe('the table of peers', () => {
  it('never gives the number of a pinned address away and never holds two of one address', async () => {
    const command = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('peer' as const), value: fc.integer({ min: 1, max: 12 }) }),
      },
      fc.record({ do: fc.constantFrom('pin' as const, 'unpin' as const), value: fc.nat(5) }),
    )
    const run = fc.asyncProperty(fc.array(command, { maxLength: 80 }), (commands) =>
      withTable(CAPACITY, (socket) => {
        const pins = new Map<string, number>()
        for (const each of commands) {
          const expected = expectedOf(each, socket.peerAddress(each.value), pins)
          expect(outcomeOf(each, socket)).toBe(expected)
          const known = [0, 1, 2, 3]
            .map((peer) => socket.peerAddress(peer))
            .filter((address) => address !== undefined)
          expect(new Set(known).size).toBe(known.length)
          expect(socket.stats().peers).toBe(known.length)
          expect(known).toEqual(expect.arrayContaining([...pins.keys()]))
        }
      }),
    )
    await fc.assert(run, { numRuns: 50 })
  })

  it('gives a new address the number of one not heard of lately', () =>
    withTable(3, (socket) => {
      const [, second] = [1, 2, 3].map((port) => socket.peer(addressOf(port)))
      socket.peer(addressOf(1))
      socket.peer(addressOf(3))
      expect(socket.peer(addressOf(4))).toBe(second)
      expect(socket.peerAddress(second!)).toBe(addressOf(4))
    }))

  it('cannot have room for nobody', async () => {
    await expect(dgramSocket({ pool, peerCapacity: 0 })).rejects.toThrow(RangeError)
  })
})
