import type { DialOptions, FrameHandler, Link, PacketBatch, Transport } from '@mp/interface'
import { FallbackTransport } from '@mp/path-manager'
import { beforeEach, expect, test } from 'vitest'

/** A transport that says when it is dialled, and keeps whom to hand frames to. */
class Scripted implements Transport {
  readonly name: string
  handler: FrameHandler | undefined
  fails = false
  readonly #dialed: string[]

  constructor(name: string, dialed: string[]) {
    this.name = name
    this.#dialed = dialed
  }

  async dial(_endpoint: string, { handler }: DialOptions): Promise<Link> {
    this.#dialed.push(this.name)
    this.handler = handler
    await Promise.resolve()
    if (this.fails) throw new Error(`${this.name} fails`)
    return { transport: this.name } as Link
  }

  listen(): Promise<never> {
    return Promise.reject(new Error('this transport only dials'))
  }

  /** A frame comes over the last link. */
  hear(): void {
    this.handler!.onFrames({} as PacketBatch, {
      link: () => undefined,
      address: () => undefined,
      reply: () => {},
    })
  }
}

let nowMs: number
let dialed: string[]
let udp: Scripted
let tcp: Scripted
let either: FallbackTransport
let heard: number
beforeEach(() => {
  nowMs = 0
  heard = 0
  dialed = []
  udp = new Scripted('udp', dialed)
  tcp = new Scripted('tcp', dialed)
  const runtime = { nowMs: () => nowMs, setTimer: () => ({ cancel: () => {} }), randomBytes: () => {} }
  either = new FallbackTransport({ preferred: udp, fallback: tcp, runtime })
})

const handler: FrameHandler = {
  onFrames: () => heard++,
  onWritable: () => {},
  onUnreachable: () => {},
  onClose: () => {},
}
const dial = (): Promise<Link> => either.dial('server:5000', { handler })

test('the transports take turns while nothing comes over either', async () => {
  for (let turn = 0; turn < 4; turn++) await dial()
  expect(dialed).toEqual(['udp', 'tcp', 'udp', 'tcp'])
})

test('one that fails is followed by the other', async () => {
  tcp.fails = true
  await dial()
  await expect(dial()).rejects.toThrow('tcp fails')
  await dial()
  expect(dialed).toEqual(['udp', 'tcp', 'udp'])
})

test('where a link ends that worked, its transport is dialled again; not where it just does not work', async () => {
  await dial()
  const link = await dial()
  nowMs = 10_000
  tcp.hear()
  tcp.handler!.onClose(link)
  nowMs = 11_000
  await dial()
  await dial()
  expect(dialed).toEqual(['udp', 'tcp', 'tcp', 'udp'])
  expect(heard).toBe(1)
})

test('a link over the preferred transport beside another one is known as such', async () => {
  await dial()
  const fallen = await dial()
  const home = await either.preferred.dial('server:5000', { handler })
  expect([fallen, home].map((link) => either.isPreferred(link))).toEqual([false, true])
  expect(dialed).toEqual(['udp', 'tcp', 'udp'])
})
