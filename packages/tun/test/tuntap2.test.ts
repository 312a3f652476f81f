import type { PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { realWait, testTunDevice } from '@mp/testkit/conformance'
import { describe, expect, it, vi } from 'vitest'
import { openTuntap2 } from '../src/tuntap2.ts'
import { fakeTuntap2 } from './fake-tuntap2.ts'

const IP_UDP_HEADER_BYTES = 28

/** An IPv4 packet with room for a UDP header; nothing here looks at more than version and length. */
function packetFor(payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(IP_UDP_HEADER_BYTES + payload.length)
  packet[0] = 0x45
  new DataView(packet.buffer).setUint16(2, packet.length)
  packet.set(payload, IP_UDP_HEADER_BYTES)
  return packet
}

function newPool(): Mempool {
  return new Mempool({ classes: [{ packetBytes: 1920, slots: 256 }] })
}

testTunDevice({
  name: 'tuntap2 (fake)',
  create: async () => {
    const kernel = fakeTuntap2()
    const pool = newPool()
    const tun = await openTuntap2(kernel.module, { pool, mtuBytes: 1500, name: 'demo0' }, kernel.run)
    return {
      pool,
      tun,
      wait: realWait(),
      kernelSend: (payload) => kernel.send(packetFor(payload)),
      kernelReceived: () => kernel.written.map((packet) => packet.subarray(IP_UDP_HEADER_BYTES)),
      packetFor,
      dispose: () => tun.close(),
    }
  },
})

function batchOf(pool: Mempool, packets: readonly Uint8Array[]): PacketBatch {
  const batch = pool.createBatch(packets.length)
  for (const packet of packets) {
    const slot = pool.acquire()
    pool.arena.set(packet, pool.offsetOf(slot))
    batch.push(slot, pool.offsetOf(slot), packet.length)
  }
  return batch
}

describe('a device of tuntap2', () => {
  it('is renamed from what the kernel chose, after its MTU was set, and deleted under its new name', async () => {
    const kernel = fakeTuntap2()
    const tun = await openTuntap2(
      kernel.module,
      { pool: newPool(), mtuBytes: 1400, name: 'demo0' },
      kernel.run,
    )
    expect([tun.name, tun.mtuBytes, kernel.mtuBytes()]).toEqual(['demo0', 1400, 1400])
    await tun.close()
    expect(kernel.told).toEqual(['ip link set dev tun3 name demo0', 'ip link delete dev demo0'])
  })

  it('is closed when its name is taken', async () => {
    const kernel = fakeTuntap2()
    const opening = openTuntap2(kernel.module, { pool: newPool(), mtuBytes: 1500, name: 'taken' }, kernel.run)
    await expect(opening).rejects.toMatchObject({ code: 'MP_TUN_NAME' })
    expect(kernel.told.at(-1)).toBe('ip link delete dev tun3')
  })

  it('leaves packets with the caller while too many are under way, and takes them later', async () => {
    const kernel = fakeTuntap2()
    const pool = newPool()
    const tun = await openTuntap2(kernel.module, { pool, mtuBytes: 1500 }, kernel.run)
    const batch = batchOf(
      pool,
      Array.from({ length: 100 }, () => packetFor(new Uint8Array(10))),
    )
    expect(tun.write(batch)).toBe(64)
    expect(batch.count).toBe(36)
    await vi.waitUntil(() => tun.write(batch) === 36)
    await tun.close()
    expect([kernel.written.length, pool.inUse]).toEqual([100, 0])
  })

  it('drops and counts a packet that fits in no slot', async () => {
    const kernel = fakeTuntap2()
    const pool = newPool()
    const tun = await openTuntap2(kernel.module, { pool, mtuBytes: 1500 }, kernel.run)
    tun.start({ onPackets: (batch) => pool.releaseAll(batch), onClose: () => {} })
    kernel.send(new Uint8Array(1921))
    expect(tun.stats()).toMatchObject({ rxPackets: 0, drops: { 'too-big': 1 } })
    await tun.close()
  })

  it('counts what comes while it is being closed', async () => {
    const kernel = fakeTuntap2()
    const pool = newPool()
    const tun = await openTuntap2(kernel.module, { pool, mtuBytes: 1500 }, kernel.run)
    tun.start({ onPackets: (batch) => pool.releaseAll(batch), onClose: () => {} })
    const closed = tun.close()
    kernel.send(packetFor(new Uint8Array(10)))
    await closed
    expect(tun.stats()).toMatchObject({ rxPackets: 0, drops: { closed: 1 } })
  })

  it.each([
    [Object.assign(new Error('no such file'), { code: 'ENOENT' }), 'MP_TUN_NO_DEVICE', 'modprobe tun'],
    [Object.assign(new Error('denied'), { code: 'EACCES' }), 'MP_TUN_PERMISSION', 'run as root'],
    [new Error('Operation not permitted'), 'MP_TUN_PERMISSION', 'CAP_NET_ADMIN'],
    [new Error('Unknown system error 0'), 'MP_TUN_FAILED', 'Unknown system error 0'],
  ])('turns "%s" into %s', async (openError, code, hint) => {
    const kernel = fakeTuntap2({ openError })
    await expect(
      openTuntap2(kernel.module, { pool: newPool(), mtuBytes: 1500 }, kernel.run),
    ).rejects.toMatchObject({
      code,
      message: expect.stringContaining(hint) as string,
    })
  })
})
