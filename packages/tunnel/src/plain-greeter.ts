import { Backoff } from '@mp/path-manager'
import { DECODE_ERROR_NAMES, DecodeError, FrameCodec, FrameHeader, FrameType, Handshake } from '@mp/wire'
import type { Greet, Greeter, Welcome } from './greeter.ts'

/** First and last wait for a welcome, ms, and the factor between one and the next. */
const FIRST_MS = 250
const LAST_MS = 2000
const FACTOR = 1.5

export interface PlainGreeterOptions {
  /** Our index for the session, 1…2^24-1. */
  readonly localIndex: number
  /** Names this run of the client, so that the server can tell a restart: 64 random bits. */
  readonly instance: { readonly high: number; readonly low: number }
  readonly greet: Greet
  /** Source of jitter, 0 ≤ x < 1. */
  readonly random: () => number
}

/** Greets without keys: nothing is secret and nothing proven. */
export class PlainGreeter implements Greeter {
  readonly #options: PlainGreeterOptions
  readonly #backoff: Backoff = new Backoff({ initialMs: FIRST_MS, maxMs: LAST_MS, factor: FACTOR })
  #nextMs = Infinity
  #attempt = 0

  constructor(options: PlainGreeterOptions) {
    this.#options = options
  }

  get running(): boolean {
    return this.#nextMs < Infinity
  }

  start(nowMs: number): void {
    if (this.running) return
    this.#backoff.reset()
    this.#attempt = 0
    this.#nextMs = nowMs
  }

  stop(): void {
    this.#nextMs = Infinity
  }

  pollTimeout(): number {
    return this.#nextMs
  }

  handleTimeout(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    this.#nextMs = nowMs + this.#backoff.nextDelayMs(this.#options.random())
    this.#options.greet(++this.#attempt)
  }

  writeHello(pathId: number, into: Uint8Array): number {
    const { localIndex, instance } = this.#options
    const header = new FrameHeader()
    header.type = FrameType.hello
    header.pathId = pathId
    const hello = new Handshake()
    hello.sender = localIndex
    hello.instanceHigh = instance.high
    hello.instanceLow = instance.low
    return new FrameCodec(into).writeHandshake(0, header, hello)
  }

  handleAnswer(frame: Uint8Array): Welcome | string {
    const codec = new FrameCodec(frame)
    const header = new FrameHeader()
    codec.readClear(0, frame.length, header)
    if (header.type !== FrameType.welcome) return 'bad-type'
    const welcome = new Handshake()
    const code = codec.readHandshake(0, frame.length, welcome)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]!
    const { high, low } = this.#options.instance
    if (welcome.instanceHigh !== high || welcome.instanceLow !== low) return 'foreign-welcome'
    return { remoteIndex: welcome.sender }
  }
}
