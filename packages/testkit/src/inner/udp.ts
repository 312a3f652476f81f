import { ipv4Number, UDP } from './ipv4.ts'
import type { InnerEndpoint, InnerHost } from './inner-host.ts'

export const UDP_HEADER_BYTES = 8

/** Sends a datagram from `sourcePort`. @returns where its payload of `payloadBytes` begins, -1 when it was dropped. */
export function sendUdp(host: InnerHost, to: UdpTarget, payloadBytes: number): number {
  const lengthBytes = UDP_HEADER_BYTES + payloadBytes
  const offset = host.send(UDP, to.address, lengthBytes)
  if (offset < 0) return -1
  host.view.setInt32(offset, (to.sourcePort << 16) | to.port)
  host.view.setInt32(offset + 4, lengthBytes << 16)
  return offset + UDP_HEADER_BYTES
}

/** The two ends of a flow of datagrams; the address as a number. */
export interface UdpTarget {
  readonly sourcePort: number
  readonly address: number
  port: number
}

/** A flow of datagrams at a constant rate. */
export interface SteadyFlowOptions {
  /** IPv4 address of the receiver. */
  readonly to: string
  readonly port: number
  readonly sourcePort: number
  /** Bits per second of payload. */
  readonly rateBps: number
  /** Of each datagram, at least 4. */
  readonly payloadBytes: number
}

/** Sends datagrams at a constant rate, whatever becomes of them. */
export class SteadyFlow {
  readonly #host: InnerHost
  readonly #target: UdpTarget
  readonly #payloadBytes: number
  readonly #intervalMs: number
  #startMs = 0
  sent = 0

  constructor(host: InnerHost, { to, port, sourcePort, rateBps, payloadBytes }: SteadyFlowOptions) {
    this.#host = host
    this.#target = { sourcePort, address: ipv4Number(to), port }
    this.#payloadBytes = payloadBytes
    this.#intervalMs = (payloadBytes * 8000) / rateBps
  }

  /** Begins, and never ends. */
  start(): void {
    this.#startMs = this.#host.runtime.nowMs()
    this.#send()
  }

  #send(): void {
    const offset = sendUdp(this.#host, this.#target, this.#payloadBytes)
    if (offset >= 0) this.#host.view.setInt32(offset, this.sent)
    this.sent++
    this.#host.runtime.setTimer(this.#startMs + this.sent * this.#intervalMs, () => this.#send())
  }
}

/** What arrives of a {@link SteadyFlow}. */
export class SteadySink implements InnerEndpoint {
  readonly #host: InnerHost
  received = 0
  /** Datagrams that came after one that was sent later. */
  reordered = 0
  #highest = -1

  constructor(host: InnerHost, port: number) {
    this.#host = host
    host.bind(UDP, port, this)
  }

  onPacket(offset: number): void {
    const number = this.#host.view.getInt32(offset + UDP_HEADER_BYTES)
    this.received++
    if (number < this.#highest) this.reordered++
    this.#highest = Math.max(this.#highest, number)
  }
}
