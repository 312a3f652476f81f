import type { Runtime, Timer } from '@mp/interface'
import { EmulatedLink, type ItemOwner, type LineOptions, type LineStats } from '../netem/index.ts'
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
  readonly #blocked = new Set<MemorySocket>()
  #timer: Timer | undefined
  #timerMs = Infinity
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

  stats(): LineStats {
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
    const { queuedBytes } = this.#link
    if (queuedBytes === 0 || queuedBytes + lengthBytes <= socket.sendBufferBytes) return false
    this.#blocked.add(socket)
    return true
  }

  #arm(): void {
    const atMs = this.#link.pollTimeout()
    if (atMs === this.#timerMs) return
    this.#timer?.cancel()
    this.#timerMs = atMs
    this.#timer = atMs < Infinity ? this.#owner.runtime.setTimer(atMs, () => this.#wake()) : undefined
  }

  #wake(): void {
    this.#timerMs = Infinity
    const nowMs = this.#owner.runtime.nowMs()
    const arrived: number[] = []
    for (let item = this.#link.pop(nowMs); item >= 0; item = this.#link.pop(nowMs)) arrived.push(item)
    if (arrived.length > 0) this.#owner.onArrival(arrived)
    this.#unblock()
    this.#arm()
  }

  /** Tells the sockets whose send buffer is half empty. */
  #unblock(): void {
    for (const socket of this.#blocked) {
      if (this.#link.queuedBytes > socket.sendBufferBytes / 2) continue
      this.#blocked.delete(socket)
      socket.unblock()
    }
  }
}
