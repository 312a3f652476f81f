import type { FrameHandler, Link, PacketBatch, Transport } from '@mp/interface'
import { ECN_SHIFT } from '@mp/wire'
import { describe, expect, test } from 'vitest'
import { idOf, inOrder, packet, packets } from './support/packets.ts'
import { reported } from './support/reported.ts'
import { inWorld, statsOf } from './support/world.ts'
import type { End } from './support/world.ts'

const ECN = { notEct: 0, ect1: 1, ect0: 2, ce: 3 }
const WAYS = [
  ['in a session without keys, by weight', {}],
  ['with keys, over paths that are paced', { isAdaptive: true, security: {} }],
] as const

/** A packet whose IP header has the ECN field `ecn`. Its header checksum is nobody's concern here. */
function withEcn(id: number, ecn: number, version: 4 | 6): Uint8Array {
  const bytes = packet(id, { version })
  bytes[1]! |= version === 4 ? ecn : ecn << 4
  return bytes
}

const ecnIn = (bytes: Uint8Array): number => (bytes[0]! >> 4 === 4 ? bytes[1]! : bytes[1]! >> 4) & 3
const fieldOf = (flags: number): number => (flags >> ECN_SHIFT) & 3

/** Stands between a client and the lines: has routers mark what comes, and notes the fields of what goes. */
class Routers {
  /** By field, frames that left. */
  readonly sent = [0, 0, 0, 0]
  marks = false

  readonly wrap = (transport: Transport): Transport => ({
    ...transport,
    dial: async (endpoint, options) =>
      this.#link(await transport.dial(endpoint, { ...options, handler: this.#handler(options.handler) })),
  })

  #handler(handler: FrameHandler): FrameHandler {
    return {
      onFrames: (batch, source) => {
        if (this.marks) for (let row = 0; row < batch.count; row++) batch.flags[row] = ECN.ce << ECN_SHIFT
        handler.onFrames(batch, source)
      },
      onWritable: (link) => handler.onWritable(link),
      onUnreachable: (link, code) => handler.onUnreachable(link, code),
      onClose: (link, error) => handler.onClose(link, error),
    }
  }

  #link(link: Link): Link {
    const send = link.send.bind(link)
    return Object.assign(link, {
      send: (batch: PacketBatch) => {
        for (let row = 0; row < batch.count; row++) this.sent[fieldOf(batch.flags[row]!)]!++
        return send(batch)
      },
    })
  }
}

/** Frames with marks that the reports of an end tell of, over all paths. */
const marksIn = (end: End): number => reported(end, 'congestionMarks').reduce((sum, each) => sum + each, 0)

describe.each(WAYS)('congestion marks %s', (_, options) => {
  test('go from datagrams into packets that understand them; others are dropped', async () => {
    const routers = new Routers()
    await inWorld({ ...options, wrapClient: routers.wrap }, async (world) => {
      routers.marks = true
      for (let id = 0; id < 40; id++) {
        world.server.tun.inject(withEcn(id, id % 4, id % 8 < 4 ? 4 : 6))
        await world.pass(5)
      }
      await world.pass(500)
      const { received } = world.client.tun
      expect(received).toHaveLength(30)
      expect(received.filter((bytes) => idOf(bytes) % 4 === ECN.notEct)).toEqual([])
      expect(received.map(ecnIn)).toEqual(received.map(() => ECN.ce))
      expect(statsOf(world.client).drops['marked']).toBe(10)
    })
  })

  test('are left alone where no router marks anything', async () => {
    await inWorld(options, async (world) => {
      const sent = [ECN.notEct, ECN.ect1, ECN.ect0, ECN.ce].map((ecn) => withEcn(ecn, ecn, 4))
      for (const bytes of sent) world.server.tun.inject(bytes)
      await world.pass(500)
      expect(inOrder(world.client.tun.received)).toEqual(inOrder(sent))
    })
  })

  test('may be set on datagrams whose packet understands them, and on no others', async () => {
    const routers = new Routers()
    await inWorld({ ...options, wrapClient: routers.wrap }, async (world) => {
      for (let id = 0; id < 30; id++) world.client.tun.inject(withEcn(id, 1 + (id % 3), 6))
      await world.pass(500)
      expect(world.server.tun.received).toHaveLength(30)
      expect(routers.sent.slice(1)).toEqual([10, 10, 10])
    })
  })

  test('are not asked for by pieces of packets', async () => {
    const routers = new Routers()
    const wire = { maxFrameBytes: 500 }
    await inWorld({ ...options, wire, wrapClient: routers.wrap }, async (world) => {
      world.client.tun.inject(withEcn(1, ECN.ect0, 4))
      await world.pass(500)
      expect(world.server.tun.received).toHaveLength(1)
      expect(routers.sent.slice(1)).toEqual([0, 0, 0])
    })
  })
})

test('reports tell of frames that were marked', async () => {
  const routers = new Routers()
  const options = { isAdaptive: true, line: { rateBps: 20e6, delayMs: 20 }, wrapClient: routers.wrap }
  await inWorld(options, async (world) => {
    routers.marks = true
    for (let round = 0; round < 20; round++) {
      world.server.tun.injectBatch(packets(4, { from: 4 * round, bytes: 1200 }))
      await world.pass(10)
    }
    await world.pass(500)
    expect(marksIn(world.client)).toBeGreaterThanOrEqual(80)
    expect(marksIn(world.server)).toBe(0)
  })
})
