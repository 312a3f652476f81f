import type { Runtime } from '@mp/interface'
import type { InnerEndpoint, InnerHost } from './inner-host.ts'
import { ICMP, ipv4Number } from './ipv4.ts'

const ECHO_REQUEST = 8
const ECHO_REPLY = 0
const HEADER_BYTES = 8
const PAYLOAD_BYTES = 56

/** Answers to pings. */
export class PingTarget implements InnerEndpoint {
  readonly #host: InnerHost

  constructor(host: InnerHost) {
    this.#host = host
  }

  /** From now on it answers. */
  listen(): void {
    this.#host.bind(ICMP, 0, this)
  }

  onPacket(offset: number, lengthBytes: number): void {
    const { view } = this.#host
    if (view.getUint8(offset) !== ECHO_REQUEST) return
    const id = view.getInt32(offset + 4)
    // The IP header in front tells who asks.
    const reply = this.#host.send(ICMP, view.getInt32(offset - 8), lengthBytes)
    if (reply < 0) return
    view.setInt32(reply, ECHO_REPLY << 24)
    view.setInt32(reply + 4, id)
  }
}

/** Whom to ask, and how often. */
export interface PingOptions {
  /** IPv4 address of a host with a {@link PingTarget}. */
  readonly to: string
  /** Default 50. */
  readonly intervalMs?: number
}

/** Asks again and again how long the way there and back takes. */
export class Ping implements InnerEndpoint {
  readonly #host: InnerHost
  readonly #peer: number
  readonly #intervalMs: number
  /** When each was sent. */
  readonly #sentMs: number[] = []
  /** Round trip of each, ms; NaN = no answer yet. */
  readonly rttMs: number[] = []

  constructor(host: InnerHost, { to, intervalMs = 50 }: PingOptions) {
    this.#host = host
    this.#peer = ipv4Number(to)
    this.#intervalMs = intervalMs
    host.bind(ICMP, 0, this)
  }

  /** Begins, and never ends. */
  start(): void {
    this.#send(this.#host.runtime)
  }

  onPacket(offset: number, _lengthBytes: number, nowMs: number): void {
    const number = this.#host.view.getInt32(offset + 4)
    if (Number.isNaN(this.rttMs[number])) this.rttMs[number] = nowMs - this.#sentMs[number]!
  }

  #send(runtime: Runtime): void {
    const nowMs = runtime.nowMs()
    const number = this.#sentMs.push(nowMs) - 1
    this.rttMs.push(Number.NaN)
    const offset = this.#host.send(ICMP, this.#peer, HEADER_BYTES + PAYLOAD_BYTES)
    if (offset >= 0) {
      this.#host.view.setInt32(offset, ECHO_REQUEST << 24)
      this.#host.view.setInt32(offset + 4, number)
    }
    runtime.setTimer(nowMs + this.#intervalMs, () => this.#send(runtime))
  }
}
