import type { PacketBatch, PacketPool } from '@mp/interface'
import { PROBER_STATE_VALUES } from '@mp/prober'
import { ControlBody, ControlKind, DECODE_ERROR_NAMES, DecodeError, HEADER_BYTES } from '@mp/wire'
import type { FrameCodec } from '@mp/wire'
import type { DropCounter } from './drop-counter.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { TunnelPath } from './path.ts'

export interface ControlParts {
  readonly pool: PacketPool
  readonly codec: FrameCodec
  readonly writer: FrameWriter
  readonly drops: DropCounter
  /** Whether our weights are told to the peer: the client's configuration rules both directions. */
  readonly tellWeights: boolean
  /** A probe of ours came back. False when nobody waits for it. */
  readonly onReply: (path: TunnelPath, nonce: number, nowMs: number) => boolean
  /** Puts what is wished of `path` into a probe. */
  readonly writeWishes: (path: TunnelPath, probe: ControlBody) => void
  /** The peer received a frame of a size that we asked for. False when nobody waits for it. */
  readonly onSizeReply: (path: TunnelPath, nonce: number, nowMs: number) => boolean
  /** The peer says what share it would like on `path`, and perhaps what else it wishes of it. */
  readonly onWishes: (path: TunnelPath, probe: ControlBody) => void
  /** The peer ends the session. */
  readonly onClose: (reason: number) => void
  /** The peer does not use `path` any more. False when that is not the peer's to say. */
  readonly onPathClose: (path: TunnelPath) => boolean
  /** The peer says what it received; the body is in the arena. @returns why it is dropped, if it is. */
  readonly onReport: (offset: number, lengthBytes: number, nowMs: number) => string | undefined
  /** The peer says over another path that `path` leads nowhere. False when that is not the peer's to say. */
  readonly onPathDown: (path: TunnelPath) => boolean
  /** The peer received the challenge with the 8 bytes of `token`. */
  readonly onPathResponse: (path: TunnelPath, token: Uint8Array) => void
}

/** Where and when a control frame came. */
export interface ControlContext {
  readonly path: TunnelPath
  /** Another path brought it. */
  readonly isDetour: boolean
  readonly nowMs: number
}

/** Why a control frame is dropped that nobody waits for any more, or that the peer may not send. */
const LATE = 'late-reply'
const UNEXPECTED = 'unexpected-control'

/** What the two ends say to each other about their paths: probes, replies, the end. */
export class ControlChannel {
  readonly #parts: ControlParts
  readonly #received = new ControlBody()
  readonly #sent = new ControlBody()

  constructor(parts: ControlParts) {
    this.#parts = parts
  }

  /** Sends a probe over `path`, or a reply to the peer's. */
  sendProbe(path: TunnelPath, nonce: number, kind: number = ControlKind.probe): void {
    const body = this.#sent
    body.kind = kind
    body.state = PROBER_STATE_VALUES[path.prober.state]
    body.weight = this.#parts.tellWeights ? path.weight : 0
    body.nonce = nonce
    body.hasWishes = false
    if (this.#parts.tellWeights && kind === ControlKind.probe) this.#parts.writeWishes(path, body)
    this.#send(path)
  }

  /** Asks over `path` whether a frame of `frameBytes` arrives, its tag not counted. */
  sendSizeProbe(path: TunnelPath, nonce: number, frameBytes: number): void {
    const body = this.#sent
    body.kind = ControlKind.sizeProbe
    body.nonce = nonce
    body.sizeBytes = frameBytes - HEADER_BYTES
    this.#send(path)
  }

  /** Tells the peer over `path` that the session ends. */
  sendClose(path: TunnelPath, reason: number): void {
    const body = this.#sent
    body.kind = ControlKind.close
    body.reason = reason
    this.#send(path)
  }

  /** Tells the peer that `path` is not used any more. */
  sendPathClose(path: TunnelPath): void {
    const body = this.#sent
    body.kind = ControlKind.pathClose
    body.reason = 0
    this.#send(path)
  }

  /** Appends to `into` that `path` leads nowhere: a probe in its name, which goes over the link of another one. */
  writeDown(path: TunnelPath, into: PacketBatch): void {
    const body = this.#sent
    body.kind = ControlKind.probe
    body.state = PROBER_STATE_VALUES.lost
    body.weight = 0
    body.nonce = 0
    this.#parts.writer.writeControl(path, body, into)
  }

  /** Appends a challenge in the name of `path` to `into`, which goes over another link than the path's. */
  writeChallenge(path: TunnelPath, token: Uint8Array, into: PacketBatch): void {
    const view = new DataView(token.buffer, token.byteOffset)
    this.#sent.tokenHigh = view.getUint32(0)
    this.#sent.tokenLow = view.getUint32(4)
    this.#sent.kind = ControlKind.pathChallenge
    this.#parts.writer.writeControl(path, this.#sent, into)
  }

  /**
   * Takes the control body in `row`.
   * @returns why it is dropped, or undefined when its slot is used up.
   */
  receive(batch: PacketBatch, row: number, context: ControlContext): string | undefined {
    const body = this.#received
    const offset = batch.offset[row]!
    const length = batch.length[row]!
    if (this.#parts.pool.arena[offset] === ControlKind.report) return this.#takeReport(batch, row, context)
    const code = this.#parts.codec.readControl(offset, length, body)
    if (code !== DecodeError.none) return DECODE_ERROR_NAMES[code]
    // Before it is acted upon: an answer needs a slot, too.
    this.#parts.pool.release(batch.slot[row]!)
    const fault = this.#act(body, context)
    if (fault !== undefined) this.#parts.drops.count(fault)
    return undefined
  }

  #takeReport(batch: PacketBatch, row: number, { nowMs }: ControlContext): string | undefined {
    const fault = this.#parts.onReport(batch.offset[row]!, batch.length[row]!, nowMs)
    if (fault === undefined) this.#parts.pool.release(batch.slot[row]!)
    return fault
  }

  /** What is said of a path is of no use later: without a link it is not said. */
  #send(path: TunnelPath): void {
    if (path.link === undefined) return
    this.#parts.writer.writeControl(path, this.#sent)
    path.flush()
  }

  /** @returns why it is of no use, if so. */
  #act(body: ControlBody, { path, isDetour, nowMs }: ControlContext): string | undefined {
    const { onClose, onPathClose, onPathDown, onPathResponse, onReply, onSizeReply } = this.#parts
    switch (body.kind) {
      case ControlKind.close:
        onClose(body.reason)
        break
      case ControlKind.pathClose:
        return onPathClose(path) ? undefined : UNEXPECTED
      case ControlKind.pathChallenge:
        this.#respond(path, body)
        break
      case ControlKind.pathResponse:
        // One that nobody waits for has shown by its way that a link leads to the peer.
        onPathResponse(path, tokenOf(body))
        break
      case ControlKind.sizeProbe:
        this.#answerSize(path, body)
        break
      case ControlKind.sizeReply:
        return onSizeReply(path, body.nonce, nowMs) ? undefined : LATE
      case ControlKind.probe:
        if (isDetour)
          return body.state === PROBER_STATE_VALUES.lost && onPathDown(path) ? undefined : UNEXPECTED
        this.#follow(body, path)
        this.#answer(path, body.nonce, nowMs)
        break
      default:
        this.#follow(body, path)
        return onReply(path, body.nonce, nowMs) ? undefined : LATE
    }
    return undefined
  }

  /** A challenge is answered over the path, wherever it came from. */
  #respond(path: TunnelPath, { tokenHigh, tokenLow }: ControlBody): void {
    const body = this.#sent
    body.kind = ControlKind.pathResponse
    body.tokenHigh = tokenHigh
    body.tokenLow = tokenLow
    this.#send(path)
  }

  #answerSize(path: TunnelPath, { nonce, sizeBytes }: ControlBody): void {
    const body = this.#sent
    body.kind = ControlKind.sizeReply
    body.nonce = nonce
    body.sizeBytes = sizeBytes
    this.#send(path)
  }

  /** A server does what its client wishes. */
  #follow(body: ControlBody, path: TunnelPath): void {
    if (!this.#parts.tellWeights) this.#parts.onWishes(path, body)
  }

  /** A probe over a path that is lost to us shows that its line is back: ours need not wait for its turn. */
  #answer(path: TunnelPath, nonce: number, nowMs: number): void {
    this.sendProbe(path, nonce, ControlKind.probeReply)
    if (path.prober.state === 'lost') path.prober.handleAlive(nowMs)
  }
}

function tokenOf({ tokenHigh, tokenLow }: ControlBody): Uint8Array {
  const token = new Uint8Array(8)
  const view = new DataView(token.buffer)
  view.setUint32(0, tokenHigh)
  view.setUint32(4, tokenLow)
  return token
}
