import { expect, test } from 'vitest'
import type { PacketBatch, TunHandler } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { memoryTun, simRuntime, udpPacket } from '@mp/testkit'
import { simWait, testTunDevice } from '@mp/testkit/conformance'

const HERE = { src: '10.8.0.1', srcPort: 1000 }
const THERE = { src: '10.8.0.2', srcPort: 2000 }

function poolOf(slots: number): Mempool {
  return new Mempool({ classes: [{ packetBytes: 1500, slots }] })
}

testTunDevice({
  name: 'memory',
  create: () => {
    const pool = poolOf(128)
    const tun = memoryTun({ pool })
    return {
      pool,
      tun,
      wait: simWait(simRuntime()),
      kernelSend: (payload) => tun.inject(udpPacket({ ...HERE, dst: THERE.src, dstPort: 2000, payload })),
      kernelReceived: () => tun.received.map((packet) => packet.subarray(28)),
      packetFor: (payload) => udpPacket({ ...THERE, dst: HERE.src, dstPort: 1000, payload }),
    }
  },
})

/** Notes the sizes of the batches and gives the slots back. */
class Sizes implements TunHandler {
  readonly batches: number[] = []
  readonly #pool: Mempool

  constructor(pool: Mempool) {
    this.#pool = pool
  }

  onPackets(batch: PacketBatch): void {
    this.batches.push(batch.count)
    this.#pool.releaseAll(batch)
  }

  onClose(): void {}
}

const packet = udpPacket({ ...HERE, dst: THERE.src, dstPort: 2000, payload: new Uint8Array(10) })

test('packets sent before the start wait, up to the queue limit', () => {
  const pool = poolOf(128)
  const tun = memoryTun({ pool, queuePackets: 3 })
  for (let i = 0; i < 5; i++) tun.inject(packet)
  const seen = new Sizes(pool)
  tun.start(seen)
  expect(seen.batches).toEqual([3])
  expect(tun.stats()).toMatchObject({ rxPackets: 3, drops: { 'queue-full': 2 } })
  expect(pool.inUse).toBe(0)
})

test('a batch of packets comes in batches of up to 64', () => {
  const pool = poolOf(128)
  const tun = memoryTun({ pool })
  const seen = new Sizes(pool)
  tun.start(seen)
  tun.injectBatch(Array.from({ length: 130 }, () => packet))
  expect(seen.batches).toEqual([64, 64, 2])
  expect(pool.inUse).toBe(0)
})

test('a device whose kernel takes no more leaves the rest in the batch', () => {
  const pool = poolOf(8)
  const tun = memoryTun({ pool, receiveLimitPackets: 2 })
  const batch = pool.createBatch(3)
  for (let i = 0; i < 3; i++) {
    const slot = pool.acquire()
    pool.arena.set(packet, pool.offsetOf(slot))
    batch.push(slot, pool.offsetOf(slot), packet.length)
  }
  expect([tun.write(batch), batch.count, tun.received.length]).toEqual([2, 1, 2])
  tun.received.length = 0
  expect([tun.write(batch), batch.count]).toEqual([1, 0])
  expect(tun.received).toEqual([packet])
  expect(pool.inUse).toBe(0)
})

test('a packet beyond the MTU cannot be injected, and one written is dropped and counted', () => {
  const pool = poolOf(8)
  const tun = memoryTun({ pool, mtuBytes: 1300 })
  const large = udpPacket({ ...HERE, dst: THERE.src, dstPort: 1, payload: new Uint8Array(1273) })
  expect(() => tun.inject(large)).toThrow(/1301 bytes exceeds the MTU of 1300/)
  const slot = pool.acquire()
  pool.arena.set(large, pool.offsetOf(slot))
  const batch = pool.createBatch(1)
  batch.push(slot, pool.offsetOf(slot), large.length)
  expect(tun.write(batch)).toBe(1)
  expect(tun.stats().drops).toEqual({ 'too-big': 1 })
  expect(pool.inUse).toBe(0)
})
