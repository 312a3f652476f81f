import { Mempool } from '@mp/mempool'
import { internetChecksum, ipv4Packet } from '@mp/testkit'
import { IpHeader, IpParser, IpProtocol } from '@mp/wire'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Envelope, ipv4Bits } from '../src/envelope.ts'
import { ENTRY, createWorld } from './support.ts'

const address = fc.ipV4()
const port = fc.integer({ min: 1, max: 65_535 })
const content = fc.uint8Array({ minLength: 0, maxLength: 300 })

/** A UDP header without checksum, and the datagram. */
function udp(source: number, destination: number, datagram: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + datagram.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, source)
  view.setUint16(2, destination)
  view.setUint16(4, bytes.length)
  bytes.set(datagram, 8)
  return bytes
}

test('an envelope is a proper IPv4 packet, and comes off again', () => {
  const pool = new Mempool({ classes: [{ packetBytes: 512, slots: 1 }] })
  const envelope = new Envelope(pool.arena)
  fc.assert(
    fc.property(address, address, port, port, content, (src, dst, srcPort, dstPort, datagram) => {
      const batch = pool.createBatch(1)
      const slot = pool.acquire()
      pool.arena.set(datagram, pool.offsetOf(slot))
      batch.push(slot, pool.offsetOf(slot), datagram.length)
      envelope.source = ipv4Bits(src)
      envelope.destination = ipv4Bits(dst)
      envelope.sourcePort = srcPort
      envelope.destinationPort = dstPort
      envelope.put(batch, 0)
      const from = batch.offset[0]!
      const packet = pool.arena.slice(from, from + batch.length[0]!)
      const header = new IpHeader()
      expect(new IpParser(pool.arena).parse(from, packet.length, header)).toBe(0)
      expect(header).toMatchObject({
        protocol: IpProtocol.udp,
        sourcePort: srcPort,
        destinationPort: dstPort,
      })
      expect(internetChecksum(packet.subarray(0, 20))).toBe(0)
      const like = ipv4Packet({ src, dst, protocol: 17, payload: udp(srcPort, dstPort, datagram) })
      expect(packet.subarray(12)).toEqual(like.subarray(12))
      const other = new Envelope(pool.arena)
      expect(other.takeOff(batch, 0)).toBe(true)
      expect(other).toMatchObject({
        source: ipv4Bits(src),
        destination: ipv4Bits(dst),
        sourcePort: srcPort,
        destinationPort: dstPort,
      })
      expect([batch.offset[0], batch.length[0]]).toEqual([pool.offsetOf(slot), datagram.length])
      pool.releaseAll(batch)
    }),
  )
})

test('whatever comes out of the tunnel goes to no one but a flow, and is counted', async () => {
  const world = await createWorld()
  const { pool, entry, exit, runtime, packets, target } = world
  world.program('127.0.0.1:4001').send(ENTRY, 'a flow')
  runtime.runFor(10)
  const [genuine] = packets
  const heard = target.heard.length
  const flip = fc.tuple(fc.integer({ min: 0, max: 27 }), fc.integer({ min: 1, max: 255 }))
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    flip.map(([at, bits]) => genuine!.map((byte, index) => (index === at ? byte ^ bits : byte))),
  )
  let offered = 0
  fc.assert(
    fc.property(junk, (packet) => {
      for (const device of [entry, exit]) {
        const batch = pool.createBatch(1)
        const slot = pool.acquire()
        pool.arena.set(packet, pool.offsetOf(slot))
        batch.push(slot, pool.offsetOf(slot), packet.length)
        expect(device.write(batch)).toBe(1)
        offered++
      }
    }),
  )
  runtime.runFor(10)
  const drops = [entry, exit].flatMap((device) => Object.values(device.stats().drops))
  const dropped = drops.reduce((sum, each) => sum + each, 0)
  // What is left differs in bytes that mean nothing here: TOS, id, TTL, checksums, or another flow of the client.
  const passed = exit.stats().txPackets - 1 + entry.stats().txPackets
  expect(dropped + passed).toBe(offered)
  expect(target.heard.slice(heard).every(({ text }) => text === 'a flow')).toBe(true)
  await Promise.all([entry.close(), exit.close(), target.socket.close()])
  runtime.runFor(1000)
  expect(pool.inUse).toBe(0)
})
