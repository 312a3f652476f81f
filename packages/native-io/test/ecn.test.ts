import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import type { NativeSocketOptions } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { realWait } from '@mp/testkit/conformance'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const io = loadNativeIo().io!
const missing = requires([], { native: io !== undefined, linux: process.platform === 'linux' })
const wait = realWait()
/** As in `@mp/wire`. */
const ECN_SHIFT = 9
const ECN_MASK = 3 << ECN_SHIFT
/** Fields of rows one after the other, some the same as the one before. */
const FIELDS = [2, 2, 2, 0, 0, 3, 1, 2, 2, 0, 3, 3, 3, 3]

let pool: Mempool
beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 1000, slots: 512 }], tailroomBytes: 0 })
})
afterEach(() => {
  if (pool.inUse !== 0) throw new Error(`${pool.inUse} slots are still out`)
})

interface Ways {
  readonly at: string
  /** Where to send to, when not to the address itself. */
  readonly to?: (address: string) => string
  readonly connects?: boolean
  readonly sender?: Partial<NativeSocketOptions>
  readonly receiver?: Partial<NativeSocketOptions>
}

/** Sends datagrams with {@link FIELDS}. @returns the fields of those that came, and how many messages left. */
async function carry({ at, to = String, connects = false, sender = {}, receiver = {} }: Ways) {
  const near = io.openSocket({ pool, local: at, ...receiver })
  const remote = to(near.localAddress)
  const ipv4 = remote.startsWith('127.')
  const local = { local: ipv4 ? (sender.local ?? '127.0.0.1:0') : '[::1]:0' }
  const far = io.openSocket({ pool, ...sender, ...(connects ? { remote } : local) })
  const came: number[] = []
  try {
    near.start({
      onDatagrams: (batch) => {
        for (let row = 0; row < batch.count; row++)
          came[batch.length[row]! - 500] = (batch.flags[row]! & ECN_MASK) >> ECN_SHIFT
        pool.releaseAll(batch)
      },
      onWritable: () => {},
      onUnreachable: () => {},
      onClose: () => {},
    })
    const batch = pool.createBatch(FIELDS.length)
    for (const [index, field] of FIELDS.entries()) {
      const slot = pool.acquire()
      // Each longer than the one before, so that it is a message of its own and known again.
      const row = batch.push(slot, pool.offsetOf(slot), 500 + index)
      batch.peer[row] = far.peer(remote)
      batch.flags[row] = (field << ECN_SHIFT) | 0x10f
    }
    expect(far.send(batch)).toBe(FIELDS.length)
    await wait.until(() => came.filter(() => true).length === FIELDS.length)
    return came
  } finally {
    await Promise.all([near.close(), far.close()])
  }
}

describe.skipIf(missing.length > 0)('the ECN field of datagrams [needs native, linux]', () => {
  it.each<[string, Ways]>([
    ['IPv4', { at: '127.0.0.1:0' }],
    ['IPv4, without offloads', { at: '127.0.0.1:0', sender: { gso: false }, receiver: { gro: false } }],
    ['IPv4, from a connected socket', { at: '127.0.0.1:0', connects: true }],
    ['IPv4, to any address', { at: '0.0.0.0:0', to: (address) => address.replace('0.0.0.0', '127.0.0.1') }],
    ['IPv4, from any address', { at: '127.0.0.1:0', sender: { local: '0.0.0.0:0' } }],
    ['IPv6', { at: '[::1]:0' }],
    ['IPv6, from a connected socket', { at: '[::1]:0', connects: true }],
    ['IPv4, to a socket of IPv6', { at: '[::]:0', to: (address) => address.replace('[::]', '127.0.0.1') }],
    ['IPv4, from a socket of IPv6', { at: '127.0.0.1:0', sender: { local: '[::]:0' } }],
  ])('goes with each: %s', async (_, ways) => {
    expect(await carry(ways)).toEqual(FIELDS)
  })

  it.each<[string, Ways]>([
    ['sent', { at: '127.0.0.1:0', sender: { ecn: false } }],
    ['seen', { at: '127.0.0.1:0', receiver: { ecn: false } }],
  ])('is not %s where that is not wished for', async (_, ways) => {
    expect(await carry(ways)).toEqual(FIELDS.map(() => 0))
  })

  it('parts a run into messages of one field each', async () => {
    const near = io.openSocket({ pool, local: '127.0.0.1:0' })
    const far = io.openSocket({ pool, local: '127.0.0.1:0' })
    const came: number[] = []
    try {
      near.start({
        onDatagrams: (batch) => {
          for (let row = 0; row < batch.count; row++) came.push(batch.flags[row]! >> ECN_SHIFT)
          pool.releaseAll(batch)
        },
        onWritable: () => {},
        onUnreachable: () => {},
        onClose: () => {},
      })
      const batch = pool.createBatch(FIELDS.length)
      for (const field of FIELDS) {
        const slot = pool.acquire()
        const row = batch.push(slot, pool.offsetOf(slot), 900)
        batch.peer[row] = far.peer(near.localAddress)
        batch.flags[row] = field << ECN_SHIFT
      }
      far.send(batch)
      await wait.until(() => came.length === FIELDS.length)
      expect(came).toEqual(FIELDS)
      expect(far.offloads().sentMessages).toBe(7)
    } finally {
      await Promise.all([near.close(), far.close()])
    }
  })
})
