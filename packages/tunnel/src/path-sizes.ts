import type { PathManager } from '@mp/path-manager'
import { PathMtu } from '@mp/path-mtu'
import type { PathMtuEvent } from '@mp/path-mtu'
import { MAX_OVERHEAD_BYTES } from '@mp/wire'
import type { Wakeable } from './driver.ts'
import type { TunnelPath } from './path.ts'

export interface PathSizesParts {
  readonly paths: PathManager<TunnelPath>
  readonly nextNonce: () => number
  /** Asks the peer whether a frame of `frameBytes` arrives over `path`. */
  readonly ask: (path: TunnelPath, nonce: number, frameBytes: number) => void
  /** Another size of frames is sent over `path` from now on. */
  readonly onChange: (path: TunnelPath, nowMs: number) => void
  /** Something was learned of the network under `path`. */
  readonly onEvent: (path: TunnelPath, event: PathMtuEvent) => void
}

/** How many round trips of patience a probe of a size has. */
const PATIENCE_RTOS = 2

/**
 * How large frames may be on each path of a session. Where the network loses what is too large, and does not cut it, that
 * is found out by probes; elsewhere it is what the link says.
 */
export class PathSizes implements Wakeable {
  /** Largest packet that goes whole over every path of which that is known, bytes; `Infinity` while there is none. */
  wholeBytes: number = Infinity
  /** Largest packet that goes whole over one of the paths that work, bytes; `Infinity` while there is none. */
  mostBytes: number = Infinity
  readonly #parts: PathSizesParts

  constructor(parts: PathSizesParts) {
    this.#parts = parts
  }

  /** `path` has another link. */
  attach(path: TunnelPath, nowMs: number): void {
    const { maxFrameBytes, headerBytes } = path.link!
    if (headerBytes === undefined) {
      path.mtu = undefined
    } else {
      path.mtu ??= this.#createMtu(path)
      path.mtu.start(maxFrameBytes + headerBytes, nowMs)
    }
    this.update(path, nowMs)
  }

  /** The health of `path` may have changed: one that small probes do not pass says nothing of large ones. */
  update(path: TunnelPath, nowMs: number): void {
    if (path.link !== undefined && path.prober.state === 'normal') path.mtu?.resume(nowMs)
    else path.mtu?.pause()
    this.#drive(path, nowMs)
  }

  /** The peer received a frame of a size that was asked for. False when nobody waits to hear it. */
  handleReply(path: TunnelPath, nonce: number, nowMs: number): boolean {
    const isAwaited = path.mtu?.handleReply(nonce, nowMs) === true
    this.#drive(path, nowMs)
    return isAwaited
  }

  /** The system did not send a frame of `path` because of its size. */
  handleRefusal(path: TunnelPath, nowMs: number): void {
    path.mtu?.handleRefusal(nowMs)
    this.handleTimeout(nowMs)
  }

  pollTimeout(): number {
    let dueMs = Infinity
    for (const { mtu } of this.#parts.paths.list) {
      if (mtu !== undefined) dueMs = Math.min(dueMs, mtu.pollTimeout())
    }
    return dueMs
  }

  handleTimeout(nowMs: number): void {
    for (const path of this.#parts.paths.list) {
      if (path.mtu === undefined || path.mtu.pollTimeout() > nowMs) continue
      path.mtu.handleTimeout(nowMs)
      this.#drive(path, nowMs)
    }
  }

  #createMtu(path: TunnelPath): PathMtu {
    return new PathMtu({
      nextNonce: this.#parts.nextNonce,
      timeoutMs: () => PATIENCE_RTOS * path.prober.stats().rtoMs,
    })
  }

  #drive(path: TunnelPath, nowMs: number): void {
    const { mtu, link } = path
    const headerBytes = link?.headerBytes ?? 0
    for (let probe = mtu?.pollTransmit(nowMs); probe !== undefined; probe = mtu?.pollTransmit(nowMs))
      this.#parts.ask(path, probe.nonce, probe.bytes - headerBytes)
    for (let event = mtu?.pollEvent(); event !== undefined; event = mtu?.pollEvent())
      this.#parts.onEvent(path, event)
    if (link !== undefined)
      this.#resize(path, mtu === undefined ? link.maxFrameBytes : mtu.mtuBytes - headerBytes, nowMs)
    this.#summarize()
  }

  #resize(path: TunnelPath, maxFrameBytes: number, nowMs: number): void {
    if (path.maxFrameBytes === maxFrameBytes) return
    path.maxFrameBytes = maxFrameBytes
    this.#parts.onChange(path, nowMs)
  }

  #summarize(): void {
    let whole = Infinity
    let most = -Infinity
    for (const { link, mtu, maxFrameBytes, prober } of this.#parts.paths.list) {
      if (link === undefined) continue
      if (mtu?.isKnown !== false) whole = Math.min(whole, maxFrameBytes)
      if (prober.state === 'normal') most = Math.max(most, maxFrameBytes)
    }
    this.wholeBytes = whole - MAX_OVERHEAD_BYTES
    this.mostBytes = most === -Infinity ? Infinity : most - MAX_OVERHEAD_BYTES
  }
}
