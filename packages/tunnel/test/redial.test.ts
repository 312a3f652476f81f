import type { DialOptions, FrameHandler, FrameSource, Link, Transport } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { simRuntime } from '@mp/testkit'
import type { SimRuntime } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { Redial } from '../src/redial.ts'

const batch = new Mempool({ classes: [{ packetBytes: 64, slots: 1 }] }).createBatch(1)
const source: FrameSource = { link: () => undefined }

interface Dial {
  readonly atMs: number
  readonly options: DialOptions
  readonly accept: (link: Link) => void
  readonly refuse: (why: string) => void
}

/** A transport whose every dial waits for the test to decide it. */
class ScriptedTransport implements Transport {
  readonly name = 'scripted'
  readonly dials: Dial[] = []
  readonly #runtime: SimRuntime

  constructor(runtime: SimRuntime) {
    this.#runtime = runtime
  }

  get last(): Dial {
    return this.dials.at(-1)!
  }

  dial(_endpoint: string, options: DialOptions): Promise<Link> {
    return new Promise((accept, reject) => {
      const refuse = (why: string): void => reject(new Error(why))
      this.dials.push({ atMs: this.#runtime.nowMs(), options, accept, refuse })
    })
  }

  listen(): Promise<never> {
    throw new Error('nobody listens here')
  }
}

class FakeLink implements Link {
  readonly transport = 'scripted'
  readonly localAddress = 'here:1'
  readonly remoteAddress = 'there:2'
  readonly maxFrameBytes = 1400
  closes = 0

  send(): number {
    return 0
  }

  stats(): ReturnType<Link['stats']> {
    return { txFrames: 0, txBytes: 0, backlogBytes: 0, drops: {} }
  }

  close(): void {
    this.closes++
  }
}

interface World {
  readonly runtime: SimRuntime
  readonly transport: ScriptedTransport
  readonly redial: Redial
  readonly links: Link[]
  readonly failures: string[]
  /** What the owner's handler was told. */
  readonly told: string[]
}

function start(): World {
  const runtime = simRuntime()
  const transport = new ScriptedTransport(runtime)
  const links: Link[] = []
  const failures: string[] = []
  const told: string[] = []
  const handler: FrameHandler = {
    onFrames: () => told.push('frames'),
    onWritable: () => told.push('writable'),
    onUnreachable: (_link, code) => told.push(code),
    onClose: (_link, error) => told.push(`close ${error?.message}`),
  }
  const redial = new Redial({
    transport,
    endpoint: 'there:2',
    localAddress: '10.0.0.1',
    handler,
    runtime,
    random: () => 0.5,
    onLink: (link) => links.push(link),
    onFailure: (error) => failures.push(error.message),
  })
  return { runtime, transport, redial, links, failures, told }
}

/** Refuses the dial under way and those after it, `times` in all. @returns the waits between them, ms. */
async function refuseAll({ runtime, transport }: World, times: number): Promise<number[]> {
  const first = transport.dials.length - 1
  for (let time = 0; time < times; time++) {
    transport.last.refuse(`no ${transport.dials.length}`)
    await runtime.settle()
    await runtime.advance(runtime.pollTimeout() - runtime.nowMs())
  }
  const dialledMs = transport.dials.slice(first).map(({ atMs }) => atMs)
  return dialledMs.slice(1).map((atMs, index) => atMs - dialledMs[index]!)
}

describe('redial', () => {
  test('dials at once, with the wishes of its owner, and hands over the link', async () => {
    const { runtime, transport, links, told } = start()
    const link = new FakeLink()
    expect(transport.dials).toHaveLength(1)
    expect(transport.last.options.localAddress).toBe('10.0.0.1')
    transport.last.accept(link)
    await runtime.advance(600_000)
    expect(links).toEqual([link])
    expect(transport.dials).toHaveLength(1)
    const { handler } = transport.last.options
    handler.onFrames(batch, source)
    handler.onWritable(link)
    handler.onUnreachable(link, 'ENETUNREACH')
    expect(told).toEqual(['frames', 'writable', 'ENETUNREACH'])
  })

  test('tries again with waits that double up to 30 s, and says once that it fails', async () => {
    const world = start()
    const waits = await refuseAll(world, 10)
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    expect(world.failures).toEqual(['no 1'])
  })

  test('says again that it fails after there was a link', async () => {
    const world = start()
    await refuseAll(world, 3)
    world.transport.last.accept(new FakeLink())
    await world.runtime.settle()
    world.transport.last.options.handler.onClose(world.links[0]!)
    await world.runtime.advance(10_000)
    await refuseAll(world, 2)
    expect(world.failures).toEqual(['no 1', 'no 5'])
  })

  test('dials anew when the link ends, and goes on backing off when none ever carried a frame', async () => {
    const { runtime, transport, links, told } = start()
    const gaps: number[] = []
    for (let round = 0; round < 4; round++) {
      transport.last.accept(new FakeLink())
      await runtime.settle()
      const endedMs = runtime.nowMs()
      transport.last.options.handler.onClose(links.at(-1)!, new Error('reset'))
      await runtime.advance(runtime.pollTimeout() - runtime.nowMs())
      gaps.push(runtime.nowMs() - endedMs)
    }
    expect(gaps).toEqual([250, 500, 1000, 2000])
    expect(told).toEqual(Array.from({ length: 4 }, () => 'close reset'))
  })

  test('begins with the shortest wait again once frames came', async () => {
    const world = start()
    await refuseAll(world, 6)
    world.transport.last.accept(new FakeLink())
    await world.runtime.settle()
    world.transport.last.options.handler.onFrames(batch, source)
    world.transport.last.options.handler.onClose(world.links[0]!)
    await world.runtime.advance(world.runtime.pollTimeout() - world.runtime.nowMs())
    expect(await refuseAll(world, 2)).toEqual([500, 1000])
  })

  test('does not dial because a link ended that is not its own', async () => {
    const { runtime, transport } = start()
    transport.last.accept(new FakeLink())
    await runtime.settle()
    transport.last.options.handler.onClose(new FakeLink())
    await runtime.advance(100_000)
    expect(transport.dials).toHaveLength(1)
  })

  test('closes a link that comes after it was closed, and tells nobody', async () => {
    const { runtime, transport, redial, links } = start()
    const link = new FakeLink()
    redial.close()
    transport.last.accept(link)
    await runtime.advance(100_000)
    expect([links, link.closes, transport.dials.length]).toEqual([[], 1, 1])
  })

  test('dials no more once closed: neither while waiting, nor after a failure, nor after its link ended', async () => {
    const waiting = start()
    waiting.transport.last.refuse('no')
    await waiting.runtime.settle()
    waiting.redial.close()
    const dialling = start()
    dialling.redial.close()
    dialling.transport.last.refuse('no')
    const linked = start()
    linked.transport.last.accept(new FakeLink())
    await linked.runtime.settle()
    linked.redial.close()
    linked.transport.last.options.handler.onClose(linked.links[0]!)
    for (const { runtime, transport, failures } of [waiting, dialling, linked]) {
      await runtime.advance(100_000)
      expect(transport.dials).toHaveLength(1)
      expect(runtime.pendingTimers).toBe(0)
      expect(failures.length).toBe(transport === waiting.transport ? 1 : 0)
    }
  })

  test('leaves the link it has open when closed: that belongs to its owner', async () => {
    const { runtime, transport, redial } = start()
    const link = new FakeLink()
    transport.last.accept(link)
    await runtime.settle()
    redial.close()
    expect(link.closes).toBe(0)
  })
})
