import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TunHandler } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { createLab, type Lab, type Namespace, requires } from '@mp/netlab'
import { testTunDevice } from '@mp/testkit/conformance'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTun, FAR_IP, type NativeTunFixture, randomName } from './tun-fixture.ts'

const io = loadNativeIo().io!
const missing = requires(['root', 'tun', 'netns'], { native: io !== undefined })

let lab: Lab
let namespace: Namespace
beforeAll(async () => {
  if (missing.length > 0) return
  lab = await createLab()
  namespace = await lab.namespace('kernel')
})
afterAll(() => lab?.dispose())

describe.skipIf(missing.length > 0)('native TUN devices [needs native, root, tun, netns]', () => {
  testTunDevice({ name: 'native', create: () => createTun(io, namespace) })
})

describe.skipIf(missing.length > 0)('a native TUN device [needs native, root, tun, netns]', () => {
  let fixture: NativeTunFixture
  const closes: (Error | undefined)[] = []
  const handler: TunHandler = {
    onPackets: (batch) => fixture.pool.releaseAll(batch),
    onClose: (error) => closes.push(error),
  }

  beforeEach(async () => {
    closes.length = 0
    fixture = await createTun(io, namespace)
  })
  afterEach(async () => {
    await fixture.dispose()
    if (fixture.pool.inUse !== 0) throw new Error(`${fixture.pool.inUse} slots are still out`)
  })

  it('takes, drops and counts packets while the interface is down', async () => {
    const { tun, pool, packetFor } = fixture
    await namespace.run('ip', ['link', 'set', 'dev', tun.name, 'down'])
    const batch = pool.createBatch(2)
    const packet = packetFor(new Uint8Array(10))
    for (let i = 0; i < 2; i++) {
      const slot = pool.acquire()
      pool.arena.set(packet, pool.offsetOf(slot))
      batch.push(slot, pool.offsetOf(slot), packet.length)
    }
    expect(tun.write(batch)).toBe(2)
    expect(tun.stats()).toMatchObject({ txPackets: 0, drops: { 'tun-down': 2 } })
  })

  it('says that it is gone when somebody deletes the interface', async () => {
    const { tun, wait } = fixture
    tun.start(handler)
    await namespace.run('ip', ['link', 'delete', 'dev', tun.name])
    await wait.until(() => closes.length > 0)
    expect(closes[0]).toMatchObject({ code: 'ENODEV' })
    await tun.close()
    expect(closes).toHaveLength(1)
  })

  it('drops and counts a packet larger than a slot, and reads the next one', async () => {
    const { tun, wait, kernelSend } = fixture
    const lengths: number[] = []
    const onPackets: TunHandler['onPackets'] = (batch) => {
      lengths.push(...batch.length.subarray(0, batch.count))
      fixture.pool.releaseAll(batch)
    }
    tun.start({ ...handler, onPackets })
    await namespace.run('ip', ['link', 'set', 'dev', tun.name, 'mtu', '4000'])
    kernelSend(new Uint8Array(3000))
    kernelSend(new Uint8Array(100))
    await wait.until(() => lengths.includes(128))
    expect(tun.stats().drops['too-big']).toBe(1)
  })

  it('counts packets as pool-empty while there is no slot for them', async () => {
    const { tun, pool, wait, kernelSend } = fixture
    const hoard = pool.createBatch(pool.capacity)
    for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot, 0, 0)
    tun.start(handler)
    for (let i = 0; i < 200; i++) kernelSend(new Uint8Array(100))
    await wait.until(() => tun.stats().drops['pool-empty']! >= 200)
    expect(tun.stats().rxPackets).toBe(0)
    pool.releaseAll(hoard)
  })

  it('counts each packet of a super-packet as pool-empty', async () => {
    const { tun, pool, wait } = fixture
    const hoard = pool.createBatch(pool.capacity)
    for (let slot = pool.acquire(); slot >= 0; slot = pool.acquire()) hoard.push(slot, 0, 0)
    tun.start(handler)
    const sender = fileURLToPath(new URL('fixtures/runs.mjs', import.meta.url))
    const said = await namespace.run(process.execPath, [sender, 'send', `${FAR_IP}:9000`, '1000'])
    const { txPackets } = JSON.parse(said) as { txPackets: number }
    // A few messages, if the kernel has super-packets of UDP; and what IPv6 says by itself when an interface comes up.
    await wait.until(() => tun.stats().drops['pool-empty']! >= txPackets)
    expect(tun.stats().drops['pool-empty']).toBeLessThan(txPackets + 20)
    pool.releaseAll(hoard)
  })
})

describe.skipIf(missing.length > 0)('opening a TUN device [needs native, root, tun, netns]', () => {
  const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 8 }] })

  it('refuses a name that is taken, and says what to do', async () => {
    const tun = io.openTun({ pool, name: randomName() })
    try {
      expect(() => io.openTun({ pool, name: tun.name })).toThrow(
        expect.objectContaining({
          code: 'EBUSY',
          message: expect.stringContaining('choose another name') as string,
        }),
      )
    } finally {
      await tun.close()
    }
  })

  it('opens several queues of one device when asked for', async () => {
    const name = randomName()
    const queues = [1, 2].map(() => io.openTun({ pool, name, multiQueue: true }))
    expect(queues.map((queue) => queue.name)).toEqual([name, name])
    await Promise.all(queues.map((queue) => queue.close()))
  })

  it('lets the system choose a name, and gives its MTU to the interface', async () => {
    const tun = io.openTun({ pool, mtuBytes: 1400 })
    expect(tun.name).toMatch(/^tun\d+$/)
    expect(readFileSync(`/sys/class/net/${tun.name}/mtu`, 'utf8')).toBe('1400\n')
    await tun.close()
  })

  it.each([
    [{ name: 'x'.repeat(16) }, 'length of name must be'],
    [{ mtuBytes: 1501 }, 'mtuBytes must be'],
    [{ batchSize: 0 }, 'batchSize must be'],
  ])('refuses %j before it opens anything', (options, message) => {
    expect(() => io.openTun({ pool, ...options })).toThrow(message)
  })
})
