import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RateMeter } from '../../src/daemon/rate-meter.ts'
import type { Snapshot } from '../../src/daemon/snapshot.ts'
import { virtualDaemons } from '../support/virtual-daemons.ts'
import type { VirtualDaemon, VirtualDaemons } from '../support/virtual-daemons.ts'

let world: VirtualDaemons
beforeEach(async () => {
  world = await virtualDaemons()
})
afterEach(() => world.close())

/** A snapshot of `daemon` while the client sends `perMs` packets a millisecond. */
async function snapshotDuring(daemon: VirtualDaemon, perMs: number): Promise<Snapshot> {
  const asked = daemon.monitor.snapshot()
  await world.upload(510, perMs)
  return asked
}

describe('a snapshot', () => {
  test('is all there is to see, and nothing but JSON', async () => {
    const snapshot = await snapshotDuring(world.client, 1)
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot)
    const [peer] = snapshot.peers
    expect(snapshot).toMatchObject({
      version: 1,
      takenAt: '2026-01-01T00:00:01.000Z',
      daemon: {
        name: 'mp0',
        role: 'client',
        startedAt: '2026-01-01T00:00:00.000Z',
        uptimeMs: 1000,
        encryption: null,
      },
      tun: { name: 'mp0', backend: 'memory', mtuBytes: 1400, offloads: [], rxPackets: 500, drops: {} },
      absentPeers: [],
      drops: {},
    })
    expect(peer).toMatchObject({ name: 'server', established: true, cipher: null, repair: { lostFrames: 0 } })
    expect(
      peer!.paths.map(({ name, isUsed, unusedReason, state }) => ({ name, isUsed, unusedReason, state })),
    ).toEqual([
      { name: 'dsl', isUsed: true, unusedReason: null, state: 'normal' },
      { name: 'lte', isUsed: true, unusedReason: null, state: 'normal' },
    ])
  })

  test('has rates, shares and what each path carries', async () => {
    await world.upload(1000)
    const { peers } = await snapshotDuring(world.client, 1)
    const [peer] = peers
    // A packet of 1200 bytes and a header of 16 each millisecond.
    expect(peer!.txBps! / 1e6).toBeCloseTo(1216 * 8e-3, 0)
    expect(peer!.paths.reduce((sum, path) => sum + path.txBps!, 0)).toBeCloseTo(peer!.txBps!)
    expect(peer!.paths.reduce((sum, path) => sum + (path.txShare ?? 0), 0)).toBeCloseTo(1)
    const busiest = peer!.paths.toSorted((a, b) => b.txBps! - a.txBps!)[0]!
    expect(busiest.rttMinMs).toBeCloseTo(20, 0)
    expect(busiest.capacityBps).toBeGreaterThan(busiest.txBps!)
    expect(busiest).toMatchObject({ radioLossRatio: 0, congestionLossRatio: 0, lostFrames: 0 })
    const received = (await snapshotDuring(world.server, 1)).peers[0]!
    expect(received.rxBps! / 1e6).toBeCloseTo(1216 * 8e-3, 0)
    expect(received.order).toMatchObject({ skippedHopeless: 0, latePackets: 0 })
  })

  test('is there at once for who does not want rates, and goes on having them while somebody asks', async () => {
    const { monitor } = world.client
    expect(monitor.snapshotNow().peers[0]!.txBps).toBeNull()
    await snapshotDuring(world.client, 1)
    expect(monitor.snapshotNow().peers[0]!.txBps).toBeGreaterThan(0)
    await world.runtime.advance(2000)
    expect(monitor.snapshotNow().peers[0]!.txBps).toBeLessThan(100_000)
    await world.runtime.advance(10_000)
    expect(monitor.snapshotNow().peers[0]!.txBps).toBeNull()
  })

  test('says of a path that is cut that it is not used, and why', async () => {
    await world.upload(200)
    world.lines[1]!.cut()
    await world.upload(1000, 2)
    const [, lte] = (await snapshotDuring(world.client, 2)).peers[0]!.paths
    expect(lte).toMatchObject({ isUsed: false, txShare: 0 })
    expect(['suspect', 'unstable', 'lost']).toContain(lte!.unusedReason)
    expect(lte!.stateAgeMs).toBeGreaterThan(0)
  })
})

test('the last minutes are remembered, and no more than five', async () => {
  const { monitor } = world.client
  monitor.start()
  expect(monitor.moments).toEqual([])
  await world.upload(5000)
  const [first] = monitor.moments
  expect(first).toMatchObject({ takenAt: '2026-01-01T00:00:05.500Z', peers: [{ name: 'server' }] })
  const sentBps = first!.peers[0]!.paths.reduce((sum, { txBps }) => sum + txBps!, 0)
  expect(sentBps / 1e6).toBeCloseTo(1216 * 8e-3, 0)
  await world.runtime.advance(400_000)
  expect(monitor.moments).toHaveLength(60)
  expect(monitor.moments[0]!.takenAt > first!.takenAt).toBe(true)
})

test('a path that was made anew under its name does not count backwards', async () => {
  await world.upload(100)
  const stats = world.client.tunnel.stats()
  const meter = new RateMeter()
  meter.sample(stats)
  const [session] = stats.sessions
  const path = { ...session!.paths[0]!, txBytes: 1000 }
  meter.sample({ ...stats, atMs: stats.atMs + 1000, sessions: [{ ...session!, paths: [path] }] })
  expect(meter.rateOf(session!.peer, path.id)!.txBps).toBe(8000)
  expect(meter.rateOf(session!.peer, session!.paths[1]!.id)).toBeUndefined()
})
