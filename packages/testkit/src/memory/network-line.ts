import type { Runtime, Timer } from '@mp/interface'
import { EmulatedLink, type ItemOwner, type Line, type LineOptions, type LineStats } from '../netem/index.ts'
import type { Random } from '../random.ts'
import type { MemorySocket } from './memory-socket.ts'

/** Who uses a line: gets back what is dropped, and takes what arrives. */
export interface LineOwner extends ItemOwner {
  readonly runtime: Runtime
  /** These items have arrived at once, in order. */
  onArrival(items: readonly number[]): void
}

/** One direction between two hosts: an {@link EmulatedLink} that wakes itself. */
export class NetworkLine {
  readonly #link: EmulatedLink
  readonly #owner: LineOwner
  readonly #onTimer = (): void => this.#wake()
  readonly #blocked = new Set<MemorySocket>()
  #timer: Timer | undefined
  #timerMs = Infinity
  readonly #arrived: number[] = []
  /** When set, datagrams are refused with this code. */
  #unreachable: string | undefined

  constructor(options: LineOptions, random: Random, owner: LineOwner) {
    this.#link = new EmulatedLink(options, random, owner)
    this.#owner = owner
  }

  /** What senders are told instead of having their datagrams carried, such as `ENETUNREACH`. */
  get unreachable(): string | undefined {
    return this.#unreachable
  }

  /** What it is like now. */
  get line(): Line {
    return this.#link.line
  }

  stats(): LineStats {
    this.#link.advance(this.#owner.runtime.nowMs())
    return this.#link.stats()
  }

  /** Changes the line from now on. Throws RangeError for a value out of range. */
  set(changes: LineOptions): void {
    this.#link.set(changes, this.#owner.runtime.nowMs())
    this.#arm()
  }

  refuse(code: string | undefined): void {
    this.#unreachable = code
  }

  push(item: number, lengthBytes: number): void {
    this.#link.push(item, lengthBytes, this.#owner.runtime.nowMs())
    this.#arm()
  }

  /** Whether `socket` must wait before it sends `lengthBytes`; if so, it is told when that is over. */
  blocks(socket: MemorySocket, lengthBytes: number): boolean {
    if (socket.sendBufferBytes === Infinity) return false
    this.#link.advance(this.#owner.runtime.nowMs())
    const { queuedBytes } = this.#link
    if (queuedBytes === 0 || queuedBytes + lengthBytes <= socket.sendBufferBytes) return false
    this.#blocked.add(socket)
    this.#arm()
    return true
  }

  #arm(): void {
    const arrivalMs = this.#link.pollTimeout()
    // Only who waits for room cares when a packet leaves the queue.
    const atMs = this.#blocked.size > 0 ? Math.min(arrivalMs, this.#link.departureMs) : arrivalMs
    if (atMs === this.#timerMs) return
    this.#timer?.cancel()
    this.#timerMs = atMs
    this.#timer = atMs < Infinity ? this.#owner.runtime.setTimer(atMs, this.#onTimer) : undefined
  }

  #wake(): void {
    this.#timerMs = Infinity
    const nowMs = this.#owner.runtime.nowMs()
    const arrived = this.#arrived
    arrived.length = 0
    for (let item = this.#link.pop(nowMs); item >= 0; item = this.#link.pop(nowMs)) arrived.push(item)
    if (arrived.length > 0) this.#owner.onArrival(arrived)
    this.#unblock()
    this.#arm()
  }

  /** Tells the sockets whose send buffer is half empty. */
  #unblock(): void {
    if (this.#blocked.size === 0) return
    for (const socket of this.#blocked) {
      if (this.#link.queuedBytes > socket.sendBufferBytes / 2) continue
      this.#blocked.delete(socket)
      socket.unblock()
    }
  }
}
