import type { FrameSource, Link, PacketBatch, PathReport } from '@mp/interface'
import type { Mempool } from '@mp/mempool'
import { emptyReport } from '@mp/rate-control'
import {
  ControlKind,
  FrameCodec,
  FrameHeader,
  FrameType,
  HEADER_BYTES,
  Handshake,
  MAX_REPORT_BYTES,
  ReportCodec,
} from '@mp/wire'
import type { End } from './world.ts'

/** Frames that come to `end` from an address to which there is no link; answers vanish. */
export const nowhere = (end: End): FrameSource => ({
  link: () => undefined,
  address: () => '192.0.2.1:1',
  reply: (batch) => end.pool.releaseAll(batch),
})

/** Somebody at another address than the real peer's, and what `end` sends there. */
export function stranger(end: End): { readonly source: FrameSource; readonly answers: Uint8Array[] } {
  const answers: Uint8Array[] = []
  const take = (batch: PacketBatch): number => {
    const { count, offset, length } = batch
    for (let row = 0; row < count; row++) {
      const from = offset[row]!
      answers.push(end.pool.arena.slice(from, from + length[row]!))
    }
    end.pool.releaseAll(batch)
    return count
  }
  const link = (peer: number): Link => ({
    transport: 'fake',
    localAddress: 'here:1',
    remoteAddress: `192.0.2.7:${peer}`,
    maxFrameBytes: 1400,
    send: take,
    stats: () => ({ txFrames: 0, txBytes: 0, backlogBytes: 0, drops: {} }),
    close: () => {},
  })
  return { source: { link, address: (peer) => `192.0.2.7:${peer}`, reply: take }, answers }
}

/** Puts bytes into slots of `pool`. */
function batchOf(pool: Mempool, contents: readonly Uint8Array[]): PacketBatch {
  const batch = pool.createBatch(Math.max(1, contents.length))
  for (const bytes of contents) {
    const slot = pool.acquire(bytes.length)
    pool.arena.set(bytes, pool.offsetOf(slot))
    batch.push(slot, pool.offsetOf(slot), bytes.length)
  }
  return batch
}

/** Has frames come in at one end, in one batch, as if its transport had brought them. */
export function throwAt(end: End, frames: readonly Uint8Array[], source: FrameSource = nowhere(end)): void {
  const batch = batchOf(end.pool, frames)
  end.tunnel.onFrames(batch, source)
}

/** A frame with any header in front of any bytes. */
export function frameOf(header: Partial<FrameHeader>, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + content.length)
  const whole = Object.assign(new FrameHeader(), { type: FrameType.data, receiver: 1 }, header)
  new FrameCodec(bytes).writeFrame(0, whole)
  bytes.set(content, HEADER_BYTES)
  return bytes
}

/** A frame that `end` takes for one of its session, on path 0 if the header names no other. */
export function frameFor(end: End, header: Partial<FrameHeader>, content?: Uint8Array): Uint8Array {
  const counter24 = freshCounter(end, header.pathId ?? 0)
  return frameOf({ receiver: indexOf(end), counter24, ...header }, content)
}

/** How many counters were made up for an end. */
const madeUp = new WeakMap<End, number>()

/** A counter `end` has not received, ahead of the next ones to come, but not so far that they would be too old. */
function freshCounter(end: End, pathId: number): number {
  const used = end.tap.received.filter(
    ({ header }) => header.pathId === pathId && header.type >= FrameType.data,
  )
  const count = madeUp.get(end) ?? 0
  madeUp.set(end, count + 1)
  return Math.max(-1, ...used.map(({ header }) => header.counter24)) + 100 + count
}

/** A `hello`, or a `welcome` when there is a `receiver`. */
export function handshakeOf(
  values: Partial<Handshake> & { readonly receiver?: number; readonly pathId?: number },
): Uint8Array {
  const { receiver = 0, pathId = 0, ...rest } = values
  const bytes = new Uint8Array(20)
  const type = receiver === 0 ? FrameType.hello : FrameType.welcome
  const header = Object.assign(new FrameHeader(), { type, receiver, pathId })
  const handshake = Object.assign(new Handshake(), { sender: 42, instanceHigh: 7, instanceLow: 8 }, rest)
  new FrameCodec(bytes).writeHandshake(0, header, handshake)
  return bytes
}

/** The body of a `probe` of any kind. */
export const probeBody = (kind: number = ControlKind.probe, weight = 0): Uint8Array =>
  Uint8Array.of(kind, 1, weight >> 8, weight, 1, 2, 3, 4)

/** The body of a report that tells so much of what came. */
export function reportBody(...paths: readonly Partial<PathReport>[]): Uint8Array {
  const bytes = new Uint8Array(MAX_REPORT_BYTES)
  const codec = new ReportCodec(bytes)
  codec.begin(0, -1)
  for (const path of paths) codec.addPath({ ...emptyReport(), ...path })
  return bytes.slice(0, codec.end())
}

export const closeBody = (): Uint8Array => Uint8Array.of(ControlKind.close, 0, 0, 0)

/** The index `end` wants to see in frames: what its peer writes into them. */
export function indexOf(end: End): number {
  const last = end.tap.received.findLast(({ header }) => header.type >= FrameType.data)
  if (last === undefined) throw new Error(`no frame came in at the ${end.side}`)
  return last.header.receiver
}
