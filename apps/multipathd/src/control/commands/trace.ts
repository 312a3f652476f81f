import { z } from 'zod'
import { subscription } from '../command.ts'
import type { Subscription } from '../command.ts'

const MAX_PACKET_BYTES = 65_535

export const trace: Subscription = subscription({
  name: 'trace',
  about: 'What the tunnel decides, as it does: which paths are in the choice, what they carry, repairs.',
  params: z.strictObject({}),
  open: ({ tracing, monitor }, _params, sink) =>
    tracing.watchDecisions(({ atMs, ...entry }) => sink.send({ at: monitor.timeOf(atMs), ...entry })),
})

/** One item of `capture`. */
export interface CapturedPacket {
  /** ISO 8601. */
  readonly at: string
  readonly peer: string
  readonly path: string
  readonly direction: 'in' | 'out'
  /** Of the whole packet, which may be longer than what is shown of it. */
  readonly lengthBytes: number
  /** Base64. */
  readonly data: string
  /** Packets left out since the one before, since too much waited to be read. */
  readonly missed: number
}

export const capture: Subscription = subscription({
  name: 'capture',
  about: 'Packets between TUN and paths, but for those that go in pieces; of each the first `snapBytes`.',
  params: z.strictObject({
    snapBytes: z.number().int().min(20).max(MAX_PACKET_BYTES).default(MAX_PACKET_BYTES),
  }),
  open: ({ tracing, monitor }, { snapBytes }, sink) => {
    let missed = 0
    return tracing.watchPackets(({ bytes, ...about }) => {
      if (sink.isBehind) {
        missed++
        return
      }
      const data = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(snapBytes, bytes.length)).toString(
        'base64',
      )
      const packet: CapturedPacket = {
        at: monitor.timeNow(),
        ...about,
        lengthBytes: bytes.length,
        data,
        missed,
      }
      missed = 0
      sink.send(packet)
    })
  },
})
