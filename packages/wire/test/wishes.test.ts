import { describe, expect, test } from 'vitest'
import { ControlBody, DECODE_ERROR_NAMES, FrameCodec, WishedMode, WishedRole } from '@mp/wire'
import { hex, toHex } from './hex.ts'

describe('wishes', () => {
  test('a probe with wishes goes on with role, idle interval, cost, modes and limit', () => {
    const golden = hex('01 01 0001 deadbeef  02 3c 0102  1b 0009c4')
    const body = new ControlBody()
    expect(new FrameCodec(golden).readControl(0, 16, body)).toBe(0)
    expect(body).toMatchObject({
      weight: 1,
      nonce: 0xdead_beef,
      hasWishes: true,
      role: WishedRole.backup,
      idleSeconds: 60,
      costMs: 0x102,
      modes: WishedMode.redundant | (WishedMode.lowestLatency << 2) | (WishedMode.aggregate << 4),
      limitKbps: 2500,
    })
    const written = new Uint8Array(16)
    expect(new FrameCodec(written).writeControl(0, body)).toBe(16)
    expect(toHex(written)).toBe(toHex(golden))
  })

  test.each([
    ['a role that is none', '01 01 0001 deadbeef  04 00 0000  00 000000', 'bad-control'],
    ['a mode of a class that is none', '01 01 0001 deadbeef  00 00 0000  40 000000', 'bad-control'],
    ['a reply with wishes', '02 01 0001 deadbeef  00 00 0000  00 000000', 'bad-length'],
    ['wishes that are cut off', '01 01 0001 deadbeef  00 00 0000', 'bad-length'],
  ])('refuses %s', (_name, text, fault) => {
    const bytes = hex(text)
    const code = new FrameCodec(bytes).readControl(0, bytes.length, new ControlBody())
    expect(DECODE_ERROR_NAMES[code]).toBe(fault)
  })
})
