import { PathMtu } from '@mp/path-mtu'
import type { PathMtuEvent, PathMtuOptions } from '@mp/path-mtu'

/** A path with a round trip of 20 ms that swallows what is too large, and the machine that looks for its MTU. */
export class Line {
  readonly mtu: PathMtu
  readonly events: PathMtuEvent[] = []
  /** Sizes sent, in order. */
  readonly sent: number[] = []
  /** What passes now, bytes. */
  takesBytes: number
  /** Says of each probe whether it gets lost on its way, whatever its size. */
  loses: () => boolean = () => false
  nowMs = 0
  readonly #replies: { readonly nonce: number; readonly atMs: number }[] = []
  #nonce = 7

  constructor(takesBytes: number, options: Partial<PathMtuOptions> = {}) {
    this.takesBytes = takesBytes
    this.mtu = new PathMtu({ nextNonce: () => this.#nonce++, timeoutMs: () => 60, ...options })
  }

  /** Lets `ms` pass, a millisecond at a time. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs++) this.#tick()
  }

  #tick(): void {
    const { mtu, nowMs } = this
    while ((this.#replies[0]?.atMs ?? Infinity) <= nowMs) mtu.handleReply(this.#replies.shift()!.nonce, nowMs)
    if (mtu.pollTimeout() <= nowMs) mtu.handleTimeout(nowMs)
    for (let probe = mtu.pollTransmit(nowMs); probe !== undefined; probe = mtu.pollTransmit(nowMs)) {
      this.sent.push(probe.bytes)
      if (probe.bytes > this.takesBytes || this.loses()) continue
      this.#replies.push({ nonce: probe.nonce, atMs: nowMs + 20 })
    }
    for (let event = mtu.pollEvent(); event !== undefined; event = mtu.pollEvent()) this.events.push(event)
  }
}
