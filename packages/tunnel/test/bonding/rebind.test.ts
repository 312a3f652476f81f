import { expect, test } from 'vitest'
import { inOrder, packets } from '../support/packets.ts'
import { inWorld, statsOf } from '../support/world.ts'

test('what waits for a path that is left takes the others, although they are full, and stands there in the order of all', async () => {
  await inWorld({ isAdaptive: true }, async (world) => {
    const { client, server } = world
    const sent = packets(400, { bytes: 1200 })
    client.tun.injectBatch(sent)
    await world.pass(2)
    // More than both paths should have waiting.
    expect(statsOf(client).sessions[0]!.bonding!.waiting).toBeGreaterThan(0)
    client.tunnel.suspendPath('dsl', 'eth0 is down')
    await world.pass(500)
    expect(statsOf(client).drops['path-left']).toBeUndefined()
    expect(inOrder(server.tun.received)).toEqual(inOrder(sent))
    // At the end of the queue it would be some 300.
    expect(statsOf(server).sessions[0]!.bonding!.resequencer!.reorderingDepthMax).toBeLessThan(20)
  })
})
