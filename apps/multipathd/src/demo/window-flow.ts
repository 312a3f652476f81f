import type { Runtime } from '@mp/interface'
import { udpPacket } from '@mp/testkit'
import type { MemoryTun } from '@mp/testkit'
import type { Measured } from './story.ts'

/** Packets without acknowledgement: more than the lines hold, less than their queues. */
const WINDOW_PACKETS = 220
const PAYLOAD_BYTES = 1300
/** A packet that is not acknowledged in this time is sent again, ms. */
const RESEND_MS = 300
const HEADER_BYTES = 28
const TO_CLIENT = { src: '10.99.0.2', dst: '10.99.0.1' }
const TO_SERVER = { src: '10.99.0.1', dst: '10.99.0.2' }
const PORTS = { srcPort: 5001, dstPort: 5001 }

/**
 * A download between two TUN devices in memory: a fixed window of packets, each acknowledged by itself and sent again
 * until it is. No model of TCP, but like it in what counts here: it fills what it is given and delivers all.
 */
export class WindowFlow {
  readonly #runtime: Runtime
  readonly #server: MemoryTun
  readonly #client: MemoryTun
  /** When each packet under way was last sent, ms, oldest first. */
  readonly #sentMs = new Map<number, number>()
  readonly #arrived = new Set<number>()
  /** When new bytes arrived, ms, and how many there were by then. */
  readonly #progress: { readonly atMs: number; readonly bytes: number }[] = []
  #next = 0

  constructor(runtime: Runtime, server: MemoryTun, client: MemoryTun) {
    this.#runtime = runtime
    this.#server = server
    this.#client = client
  }

  /** Takes what has come and sends what may go; to be called every millisecond or so. */
  step(): void {
    const nowMs = this.#runtime.nowMs()
    for (const packet of this.#client.received.splice(0)) this.#receive(numberOf(packet), nowMs)
    for (const packet of this.#server.received.splice(0)) this.#sentMs.delete(numberOf(packet))
    for (const [number, sentMs] of this.#sentMs) {
      if (nowMs - sentMs < RESEND_MS) break
      this.#send(number, nowMs)
    }
    while (this.#sentMs.size < WINDOW_PACKETS) this.#send(this.#next++, nowMs)
  }

  /** Goodput and longest silence between two moments of the runtime's clock, ms. */
  measure(fromMs: number, toMs: number): Measured {
    const inside = this.#progress.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    const bytes = inside.length === 0 ? 0 : inside.at(-1)!.bytes - inside[0]!.bytes
    const times = [fromMs, ...inside.map(({ atMs }) => atMs), toMs]
    const gapMs = Math.max(...times.slice(1).map((atMs, index) => atMs - times[index]!))
    return { mbit: (bytes * 8) / 1000 / (toMs - fromMs), gapMs }
  }

  #receive(number: number, nowMs: number): void {
    if (!this.#arrived.has(number)) {
      this.#arrived.add(number)
      this.#progress.push({ atMs: nowMs, bytes: this.#arrived.size * PAYLOAD_BYTES })
    }
    this.#client.inject(packetOf(number, { payloadBytes: 4, ...TO_SERVER }))
  }

  #send(number: number, nowMs: number): void {
    this.#sentMs.delete(number)
    this.#sentMs.set(number, nowMs)
    this.#server.inject(packetOf(number, { payloadBytes: PAYLOAD_BYTES, ...TO_CLIENT }))
  }
}

interface PacketShape {
  readonly payloadBytes: number
  readonly src: string
  readonly dst: string
}

function packetOf(number: number, { payloadBytes, src, dst }: PacketShape): Uint8Array {
  const payload = new Uint8Array(payloadBytes)
  new DataView(payload.buffer).setUint32(0, number)
  return udpPacket({ src, dst, ...PORTS, payload })
}

function numberOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(HEADER_BYTES)
}
