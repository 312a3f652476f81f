// Nanoseconds per frame header and per IP header, against ways that come to mind first.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { FlowMemo, FrameCodec, FrameHeader, IpHeader, IpParser, classify } from '../dist/index.js'

const FRAMES = 64
const STRIDE = 2048
const arena = new Uint8Array(FRAMES * STRIDE)
const buffer = Buffer.from(arena.buffer)
const codec = new FrameCodec(arena)
const parser = new IpParser(arena)
const header = Object.assign(new FrameHeader(), { type: 4, receiver: 77, pathId: 3, sendTime: 1000 })
const read = new FrameHeader()
const ip = new IpHeader()
const IPV4_AT = 64
const IPV6_AT = 512
/** Long packets of one flow. */
const NEXT_AT = 1024
const NEXT_BYTES = 400

for (let frame = 0; frame < FRAMES; frame++) {
  const at = frame * STRIDE
  arena.set(
    [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, frame, 1, 0xbb],
    at + IPV4_AT,
  )
  arena.set(
    [0x45, 0, 1, 0x90, 0, frame, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0, 1, 0xbb],
    at + NEXT_AT,
  )
  arena.set([0x60, 0, 0, 0, 0, 20, 6, 64, 0xfd, 0, 0, frame], at + IPV6_AT)
}

const memo = new FlowMemo(arena)
parser.parse(NEXT_AT, NEXT_BYTES, ip)
memo.note(NEXT_AT, NEXT_BYTES, ip)

const each = (work) => () => {
  for (let frame = 0; frame < FRAMES; frame++) do_not_optimize(work(frame * STRIDE, frame))
}

summary(() => {
  bench('header: write + read in the arena', each(writeAndRead)).baseline(true)
  bench('header: Buffer.subarray, write*/read*UIntBE, one object per frame', each(naive))
})
summary(() => {
  bench(
    'parse IPv4/TCP',
    each((at) => parser.parse(at + IPV4_AT, 40, ip)),
  ).baseline(true)
  bench(
    'parse IPv6/TCP',
    each((at) => parser.parse(at + IPV6_AT, 60, ip)),
  )
  bench(
    'parse IPv4/TCP + classify',
    each((at) => parser.parse(at + IPV4_AT, 40, ip) + classify(ip, 40)),
  )
  bench(
    'know the next IPv4/TCP of a flow',
    each((at) => memo.matches(at + NEXT_AT, NEXT_BYTES)),
  )
})
const { benchmarks } = await run()
for (const { alias, runs } of benchmarks) {
  console.log(`${(runs[0].stats.avg / FRAMES).toFixed(1).padStart(8)} ns  ${alias}`)
}

function writeAndRead(at, frame) {
  header.counter24 = header.sequence = frame
  codec.writeFrame(at + 48, header)
  return codec.readFrame(at + 48, 56, read)
}

function naive(at, frame) {
  const bytes = buffer.subarray(at + 48, at + 104)
  bytes.writeUInt32BE(0x5000_004d, 0)
  bytes[4] = 3
  bytes.writeUIntBE(frame, 5, 3)
  bytes[8] = 0
  bytes.writeUIntBE(frame, 9, 3)
  bytes.writeUInt16BE(1000, 12)
  bytes.writeUInt16BE(0, 14)
  return {
    type: (bytes[0] >> 2) & 15,
    epoch: bytes[0] & 3,
    receiver: bytes.readUIntBE(1, 3),
    pathId: bytes[4],
    counter24: bytes.readUIntBE(5, 3),
    flags: bytes[8],
    sequence: bytes.readUIntBE(9, 3),
    sendTime: bytes.readUInt16BE(12),
    flowSequence: bytes.readUInt16BE(14),
  }
}
