import { Mempool } from '@mp/mempool'
import { expect, test } from 'vitest'
import { inOrder, packets } from '../support/packets.ts'
import { inWorld } from '../support/world.ts'

const LARGE_BYTES = 9000
const createPool = (slots: number): Mempool =>
  new Mempool({ classes: [{ packetBytes: LARGE_BYTES + 100, slots }] })

test('large frames leave over paths of which nothing is known yet', async () => {
  const wire = { maxFrameBytes: LARGE_BYTES + 100 }
  await inWorld({ isAdaptive: true, mtuBytes: LARGE_BYTES, slots: 256, createPool, wire }, async (world) => {
    const sent = packets(20, { bytes: LARGE_BYTES })
    world.client.tun.injectBatch(sent)
    await world.pass(300)
    expect(inOrder(world.server.tun.received)).toEqual(inOrder(sent))
  })
})
