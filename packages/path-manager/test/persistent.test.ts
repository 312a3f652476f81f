import type { DialOptions, FrameHandler, Link, Transport } from '@mp/interface'
import { dialPersistently } from '@mp/path-manager'
import type { PersistentDialOptions, PersistentLink } from '@mp/path-manager'
import { simRuntime } from '@mp/testkit'
import type { SimRuntime } from '@mp/testkit'
import { beforeEach, describe, expect, it, vi } from 'vitest'

/** A transport whose dials end as they are told: each with a link, or with an error. */
class ScriptedTransport implements Transport {
  readonly name = 'scripted'
  readonly dialsAtMs: number[] = []
  readonly links: (Link & { readonly close: ReturnType<typeof vi.fn<() => void>> })[] = []
  /** Whether dials succeed now. */
  up = false
  options: DialOptions | undefined
  readonly #runtime: SimRuntime

  constructor(runtime: SimRuntime) {
    this.#runtime = runtime
  }

  async dial(_endpoint: string, options: DialOptions): Promise<Link> {
    this.options = options
    this.dialsAtMs.push(this.#runtime.nowMs())
    await Promise.resolve()
    if (!this.up) throw new Error(`dial ${this.dialsAtMs.length} failed`)
    const link = { close: vi.fn<() => void>() } as unknown as (typeof this.links)[number]
    this.links.push(link)
    return link
  }

  listen(): Promise<never> {
    return Promise.reject(new Error('this transport only dials'))
  }

  /** Ends the newest link. */
  cut(error?: Error): void {
    this.options!.handler.onClose(this.links.at(-1)!, error)
  }
}

let runtime: SimRuntime
let transport: ScriptedTransport
let closed: [link: Link, error: Error | undefined][]
beforeEach(() => {
  runtime = simRuntime()
  transport = new ScriptedTransport(runtime)
  closed = []
})

const handler: FrameHandler = {
  onFrames: () => {},
  onWritable: () => {},
  onUnreachable: () => {},
  onClose: (link, error) => closed.push([link, error]),
}

function dial(more: Partial<PersistentDialOptions> = {}): PersistentLink & { readonly told: string[] } {
  const told: string[] = []
  const link = dialPersistently(transport, 'server:5000', {
    handler,
    runtime,
    backoff: { jitterRatio: 0 },
    onUp: () => told.push('up'),
    onDown: (error) => told.push(`down: ${error?.message ?? 'orderly end'}`),
    ...more,
  })
  return Object.defineProperty(link, 'told', { value: told }) as PersistentLink & { readonly told: string[] }
}

describe('a persistent dial', () => {
  it('tries again with growing delays and reports an outage once, and its end', async () => {
    const persistent = dial()
    await runtime.advance(3000)
    expect(transport.dialsAtMs).toEqual([0, 250, 750, 1750])
    expect(persistent.told).toEqual(['down: dial 1 failed'])
    expect(persistent.link).toBeUndefined()
    transport.up = true
    await runtime.advance(1000)
    expect(persistent.told).toEqual(['down: dial 1 failed', 'up'])
    expect(persistent.link).toBe(transport.links[0])
    persistent.close()
  })

  it('never gives up', async () => {
    const persistent = dial()
    await runtime.advance(24 * 3600 * 1000)
    expect(transport.dialsAtMs.length).toBeGreaterThan(2800)
    persistent.close()
  })

  it('dials again when the link ends, and begins with a short delay after one that was stable', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.advance(10_000)
    transport.cut(new Error('cable pulled'))
    expect(persistent.link).toBeUndefined()
    expect(closed).toEqual([[transport.links[0], new Error('cable pulled')]])
    await runtime.advance(300)
    expect(transport.dialsAtMs).toEqual([0, 10_250])
    transport.cut()
    await runtime.advance(1000)
    expect(persistent.told).toEqual(['up', 'down: cable pulled', 'up', 'down: orderly end', 'up'])
    persistent.close()
  })

  it('forgets the long delays of an outage once a link was stable', async () => {
    const persistent = dial()
    await runtime.advance(1700)
    transport.up = true
    await runtime.advance(10_100)
    transport.cut()
    await runtime.advance(1000)
    expect(transport.dialsAtMs).toEqual([0, 250, 750, 1750, 11_800 + 250])
    persistent.close()
  })

  it('waits longer and longer for a server that accepts and hangs up', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.advance(0)
    for (const waitMs of [250, 500, 1000, 2000]) {
      transport.cut()
      await runtime.advance(waitMs)
    }
    expect(transport.dialsAtMs).toEqual([0, 250, 750, 1750, 3750])
    persistent.close()
  })

  it('survives a link that ends before its dial is heard of', async () => {
    transport.up = true
    const persistent = dial()
    await Promise.resolve()
    transport.cut(new Error('at once'))
    await runtime.advance(100)
    expect(persistent.link).toBeUndefined()
    expect(persistent.told).toEqual(['down: at once'])
    await runtime.advance(200)
    expect(persistent.link).toBe(transport.links[1])
    persistent.close()
  })

  it('closes its link, and the one that a dial under way still brings', async () => {
    transport.up = true
    const persistent = dial()
    persistent.close()
    await runtime.settle()
    expect(transport.links[0]!.close).toHaveBeenCalledOnce()
    const other = dial()
    await runtime.settle()
    other.close()
    other.close()
    expect(transport.links[1]!.close).toHaveBeenCalledOnce()
    transport.cut()
    await runtime.advance(100_000)
    expect(other.told).toEqual(['up'])
    expect([runtime.pendingTimers, transport.dialsAtMs.length]).toEqual([0, 2])
  })
})

describe('a persistent dial that is to dial again', () => {
  it('keeps the link it has until the other is up, and closes it then', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.settle()
    persistent.redial()
    persistent.redial()
    expect(persistent.link).toBe(transport.links[0])
    await runtime.settle()
    expect(persistent.link).toBe(transport.links[1])
    expect(transport.links[0]!.close).toHaveBeenCalledOnce()
    transport.options!.handler.onClose(transport.links[0]!)
    await runtime.advance(100_000)
    expect(transport.dialsAtMs).toHaveLength(2)
    expect(persistent.told).toEqual(['up', 'up'])
    persistent.close()
  })

  it('says why that failed, keeps the link it has and tries on with growing delays', async () => {
    transport.up = true
    const failures: string[] = []
    const persistent = dial({ onRedialFailure: ({ message }) => failures.push(message) })
    await runtime.advance(20_000)
    transport.up = false
    persistent.redial()
    await runtime.advance(2000)
    persistent.redial()
    expect(transport.dialsAtMs).toEqual([0, 20_000, 20_250, 20_750, 21_750])
    expect(failures).toEqual([2, 3, 4, 5].map((number) => `dial ${number} failed`))
    expect(persistent.link).toBe(transport.links[0])
    expect(transport.links[0]!.close).not.toHaveBeenCalled()
    transport.up = true
    await runtime.advance(100_000)
    expect(persistent.link).toBe(transport.links[1])
    expect(transport.dialsAtMs).toHaveLength(6)
    expect(persistent.told).toEqual(['up', 'up'])
    persistent.close()
  })

  it('stops when the link it has works after all, and lets go of one that comes too late', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.settle()
    persistent.redial()
    persistent.keep()
    await runtime.settle()
    expect(persistent.link).toBe(transport.links[0])
    expect(transport.links[1]!.close).toHaveBeenCalledOnce()
    transport.up = false
    persistent.redial()
    await runtime.settle()
    persistent.keep()
    await runtime.advance(100_000)
    expect(transport.dialsAtMs).toHaveLength(3)
    expect([persistent.told, runtime.pendingTimers]).toEqual([['up'], 0])
    persistent.close()
  })

  it('dials on when the link ends between two tries', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.settle()
    transport.up = false
    persistent.redial()
    await runtime.settle()
    transport.cut()
    persistent.keep()
    transport.up = true
    await runtime.advance(1000)
    expect(transport.dialsAtMs).toEqual([0, 0, 250])
    expect(persistent.told).toEqual(['up', 'down: orderly end', 'up'])
    persistent.close()
  })

  it('has one dial under way at most, also when the link ends meanwhile', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.settle()
    transport.up = false
    persistent.redial()
    transport.cut(new Error('cable pulled'))
    persistent.redial()
    await runtime.settle()
    expect(transport.dialsAtMs).toEqual([0, 0])
    transport.up = true
    await runtime.advance(250)
    expect(transport.dialsAtMs).toEqual([0, 0, 250])
    expect(persistent.told).toEqual(['up', 'down: cable pulled', 'up'])
    persistent.close()
  })

  it('does nothing once it is closed', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.settle()
    persistent.close()
    persistent.redial()
    await runtime.advance(100_000)
    expect(transport.dialsAtMs).toHaveLength(1)
  })
})

describe('a persistent dial without a line', () => {
  it('closes its link, dials no more, and dials at once when the line is back', async () => {
    transport.up = true
    const persistent = dial()
    await runtime.settle()
    persistent.pause()
    persistent.pause()
    expect(persistent.link).toBeUndefined()
    expect(transport.links[0]!.close).toHaveBeenCalledOnce()
    transport.options!.handler.onClose(transport.links[0]!)
    persistent.redial()
    await runtime.advance(100_000)
    expect(transport.dialsAtMs).toEqual([0])
    persistent.resume()
    persistent.resume()
    await runtime.settle()
    expect(persistent.link).toBe(transport.links[1])
    expect(transport.dialsAtMs).toEqual([0, 100_000])
    expect(persistent.told).toEqual(['up', 'up'])
    persistent.close()
    persistent.resume()
    await runtime.advance(100_000)
    expect(transport.dialsAtMs).toHaveLength(2)
  })

  it('lets go of a link that comes too late, and of the wait for the next try', async () => {
    transport.up = true
    const persistent = dial()
    persistent.pause()
    await runtime.advance(100_000)
    expect(transport.links[0]!.close).toHaveBeenCalledOnce()
    transport.up = false
    persistent.resume()
    await runtime.settle()
    persistent.pause()
    await runtime.advance(100_000)
    expect(transport.dialsAtMs).toEqual([0, 100_000])
    transport.up = true
    persistent.resume()
    await runtime.settle()
    expect(persistent.link).toBe(transport.links[1])
    persistent.close()
  })

  it('does not wait for the next try when it is told that the line is there', async () => {
    const persistent = dial()
    await runtime.advance(20_000)
    const before = transport.dialsAtMs.length
    transport.up = true
    persistent.resume()
    await runtime.settle()
    expect(transport.dialsAtMs).toHaveLength(before + 1)
    expect(persistent.link).toBe(transport.links[0])
    persistent.close()
  })
})
