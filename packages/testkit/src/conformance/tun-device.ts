import type { PacketBatch, PacketPool, TunDevice, TunHandler } from '@mp/interface'
import { expect } from 'vitest'
import { append, batchOf, packetAt, payload, totalDrops } from './packets.ts'
import { defineSuite, type Fixture, type SuiteOptions, type Tests } from './suite.ts'
import type { Wait } from './wait.ts'

/** A device, not started, and a program at its kernel side that sends and receives UDP through it. */
export interface TunDeviceFixture extends Fixture {
  /** Has at least 128 slots of `tun.mtuBytes + 1`. */
  readonly pool: PacketPool
  readonly wait: Wait
  readonly tun: TunDevice
  /** The program sends `payload` by UDP to an address that is routed into the device. */
  readonly kernelSend: (payload: Uint8Array) => void
  /** UDP payloads that the program has received so far. */
  readonly kernelReceived: () => readonly Uint8Array[]
  /** An IP packet with a UDP datagram with `payload` for the program, as it would come out of the tunnel. */
  readonly packetFor: (payload: Uint8Array) => Uint8Array
}

/** The contract {@link TunDevice}. */
export function testTunDevice(options: SuiteOptions<TunDeviceFixture>): void {
  defineSuite('TunDevice', tests, options)
}

/** Copies all it is told and gives the slots back. */
class Recorder implements TunHandler {
  readonly packets: Uint8Array[] = []
  readonly closes: (Error | undefined)[] = []
  readonly #pool: PacketPool

  constructor(pool: PacketPool) {
    this.#pool = pool
  }

  onPackets(batch: PacketBatch): void {
    for (let i = 0; i < batch.count; i++) this.packets.push(packetAt(this.#pool, batch, i))
    this.#pool.releaseAll(batch)
  }

  onClose(error?: Error): void {
    this.closes.push(error)
  }

  /** Whether a packet came in that ends with `payload`. A kernel sends others too. */
  has(content: Uint8Array): boolean {
    return this.packets.some((packet) => endsWith(packet, content))
  }
}

function endsWith(packet: Uint8Array, content: Uint8Array): boolean {
  const from = packet.length - content.length
  return from >= 0 && content.every((byte, i) => packet[from + i] === byte)
}

function includes(all: readonly Uint8Array[], content: Uint8Array): boolean {
  return all.some((each) => each.length === content.length && endsWith(each, content))
}

async function withStarted(
  fixture: TunDeviceFixture,
  body: (seen: Recorder, fixture: TunDeviceFixture) => Promise<void>,
): Promise<void> {
  const seen = new Recorder(fixture.pool)
  fixture.tun.start(seen)
  try {
    await body(seen, fixture)
  } finally {
    await fixture.tun.close()
  }
}

const IP_UDP_HEADER_BYTES = 28
const CONTENTS = Array.from({ length: 40 }, (_, i) => payload(40 + 20 * i, i))

const tests: Tests<TunDeviceFixture> = {
  'the device names itself and its MTU': async ({ tun }) => {
    expect(tun.name).not.toBe('')
    expect(tun.backend).not.toBe('')
    expect(tun.mtuBytes).toBeGreaterThanOrEqual(1280)
    await tun.close()
  },

  'what the kernel sends is read as whole IP packets, in order': (fixture) =>
    withStarted(fixture, async (seen, { wait, kernelSend }) => {
      for (const content of CONTENTS) kernelSend(content)
      await wait.until(() => CONTENTS.every((content) => seen.has(content)))
      const ours = seen.packets.filter((packet) => CONTENTS.some((content) => endsWith(packet, content)))
      expect(ours.map((packet) => packet.length)).toEqual(ours.map(totalLengthField))
      expect(CONTENTS.map((content) => ours.findIndex((packet) => endsWith(packet, content)))).toEqual(
        CONTENTS.map((_, i) => i),
      )
    }),

  'packets written reach the kernel': (fixture) =>
    withStarted(fixture, async (_seen, { tun, pool, wait, packetFor, kernelReceived }) => {
      const batch = batchOf(pool, CONTENTS.map(packetFor))
      expect(tun.write(batch)).toBe(CONTENTS.length)
      expect(batch.count).toBe(0)
      await wait.until(() => CONTENTS.every((content) => includes(kernelReceived(), content)))
    }),

  'a packet as large as the MTU passes both ways': (fixture) =>
    withStarted(fixture, async (seen, { tun, pool, wait, kernelSend, packetFor, kernelReceived }) => {
      const content = payload(tun.mtuBytes - IP_UDP_HEADER_BYTES, 7)
      kernelSend(content)
      tun.write(batchOf(pool, [packetFor(content)]))
      await wait.until(() => seen.has(content) && includes(kernelReceived(), content))
    }),

  'a packet that is no IP packet is taken, dropped and counted, and the others go': (fixture) =>
    withStarted(fixture, async (_seen, { tun, pool, wait, packetFor, kernelReceived }) => {
      const content = payload(100, 3)
      const batch = batchOf(pool, [new Uint8Array([0]), new Uint8Array(40).fill(0xff), packetFor(content)])
      expect(tun.write(batch)).toBe(3)
      await wait.until(() => includes(kernelReceived(), content))
      expect(totalDrops(tun.stats().drops)).toBe(2)
    }),

  'stats count what was read and written': (fixture) =>
    withStarted(fixture, async (seen, { tun, pool, wait, kernelSend, packetFor }) => {
      kernelSend(payload(100, 1))
      await wait.until(() => seen.has(payload(100, 1)))
      const packet = packetFor(payload(50, 2))
      tun.write(batchOf(pool, [packet, packet]))
      const { rxPackets, rxBytes, txPackets, txBytes } = tun.stats()
      expect(rxPackets).toBe(seen.packets.length)
      expect(rxBytes).toBe(seen.packets.reduce((sum, each) => sum + each.length, 0))
      expect([txPackets, txBytes]).toEqual([2, 2 * packet.length])
    }),

  'packets that find no free slot are lost without harm': (fixture) =>
    withStarted(fixture, async (seen, { pool, wait, kernelSend }) => {
      const hoard = pool.createBatch(pool.capacity)
      for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot, 0, 0)
      kernelSend(payload(100, 1))
      await wait.settle()
      pool.releaseAll(hoard)
      kernelSend(payload(100, 2))
      await wait.until(() => seen.has(payload(100, 2)))
    }),

  'close is idempotent and told once, without an error': async (fixture) => {
    const seen = new Recorder(fixture.pool)
    fixture.tun.start(seen)
    await Promise.all([fixture.tun.close(), fixture.tun.close()])
    await fixture.wait.until(() => seen.closes.length > 0)
    await fixture.tun.close()
    await fixture.wait.settle()
    expect(seen.closes).toEqual([undefined])
  },

  'closing with packets in flight loses no slot': (fixture) =>
    withStarted(fixture, async (_seen, { tun, pool, wait, kernelSend, packetFor }) => {
      for (const content of CONTENTS) kernelSend(content)
      const batch = pool.createBatch(CONTENTS.length)
      for (const content of CONTENTS) append(pool, batch, packetFor(content))
      tun.write(batch)
      pool.releaseAll(batch)
      await tun.close()
      await wait.settle()
      expect(pool.inUse).toBe(0)
    }),
}

/** What the IP header says of the length of its packet. */
function totalLengthField(packet: Uint8Array): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
  return view.getUint8(0) >> 4 === 4 ? view.getUint16(2) : view.getUint16(4) + 40
}
