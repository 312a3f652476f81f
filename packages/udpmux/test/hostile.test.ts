import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { udpMux } from '@mp/udpmux'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Recorder, expectNoneOut } from './fixtures.ts'

/** Bursts of datagrams to try; more with `MP_FUZZ_RUNS`. */
const RUNS = Number(process.env['MP_FUZZ_RUNS'] ?? 30)
const SLOT_BYTES = 512
/** More than a slot holds with all its rooms: to be dropped, not cut. */
const TOO_LONG_BYTES = 1400
const MIN_FRAME_BYTES = 8

const datagram = fc.oneof(
  fc.uint8Array({ maxLength: 2 * MIN_FRAME_BYTES }),
  fc.uint8Array({ maxLength: SLOT_BYTES, size: 'max' }),
  fc.constantFrom(SLOT_BYTES, TOO_LONG_BYTES).map((length) => new Uint8Array(length).fill(0x41)),
)

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

const backends = loadNativeIo().io === undefined ? (['dgram'] as const) : (['native', 'dgram'] as const)

test.each(backends)(
  'a %s listener hands over what may be a frame as it came, drops the rest by name, and keeps nothing',
  async (backend) => {
    const pool = new Mempool({ classes: [{ packetBytes: SLOT_BYTES, slots: 256 }], headroomBytes: 0 })
    const recorder = new Recorder(pool)
    const listener = await udpMux({ pool, backend }).listen('127.0.0.1:0', recorder)
    const sender = createSocket('udp4')
    sender.connect(Number(listener.localAddress.split(':')[1]), '127.0.0.1')
    await once(sender, 'connect')
    let sent = 0
    const handled = (): number => listener.stats().rxFrames + sum(listener.stats().drops)
    const burst = async (datagrams: readonly Uint8Array[]): Promise<void> => {
      recorder.heard.length = 0
      for (const bytes of datagrams) sender.send(bytes)
      sent += datagrams.length
      while (handled() < sent) await sleep(1)
      const frames = datagrams.filter(({ length }) => length >= MIN_FRAME_BYTES && length <= SLOT_BYTES)
      expect(recorder.heard.map(({ text }) => text)).toEqual(
        frames.map((bytes) => Buffer.from(bytes).toString()),
      )
    }
    await fc.assert(fc.asyncProperty(fc.array(datagram, { maxLength: 40 }), burst), { numRuns: RUNS })
    expect(handled()).toBe(sent)
    sender.close()
    await listener.close()
    expectNoneOut(pool)
  },
  20_000 + 20 * RUNS,
)
