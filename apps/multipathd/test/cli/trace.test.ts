import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { udpPacket } from '@mp/testkit'
import { PcapngWriter } from '../../src/cli/ask/pcapng.ts'
import { COMMANDS } from '../../src/control/index.ts'
import { RawClient, testControl } from '../control/support.ts'
import type { TestControl } from '../control/support.ts'
import { waitFor } from '../support/wait-for.ts'
import { run } from './run.ts'

const AT = '2026-01-01T10:00:00.500Z'
const PACKET = udpPacket({
  src: '10.8.0.1',
  dst: '10.8.0.2',
  srcPort: 7,
  dstPort: 9,
  payload: new Uint8Array(101),
})

let control: TestControl
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-trace-'))
  const clock = { timeOf: (atMs: number) => `at ${atMs}`, timeNow: () => AT }
  control = await testControl(COMMANDS, clock)
})
afterEach(async () => {
  await control[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const sees = (what: 'decisions' | 'packets'): Promise<void> =>
  waitFor(() => control.tracing.toTunnel[what] !== undefined)

/** Each block of a pcapng file: its type, and its body. */
function blocksOf(file: Buffer): { readonly type: number; readonly body: Buffer }[] {
  const blocks: { readonly type: number; readonly body: Buffer }[] = []
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) {
    const lengthBytes = file.readUInt32LE(at + 4)
    expect(lengthBytes % 4).toBe(0)
    expect(file.readUInt32LE(at + lengthBytes - 4)).toBe(lengthBytes)
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + lengthBytes - 4) })
  }
  return blocks
}

describe('a trace', () => {
  test('has a decision a line until its time is over, and then nobody looks any more', async () => {
    const traced = run(['trace', '--duration', '0.4', '--socket', control.path])
    await sees('decisions')
    const about = { peer: 'home', path: 'lte', isUsed: false, reason: 'suspect' }
    control.tracing.toTunnel.decisions!({ type: 'path-use', atMs: 7, ...about })
    control.tracing.toTunnel.decisions!({
      type: 'repair',
      atMs: 8,
      peer: 'home',
      lostFrames: 3,
      repairedFrames: 2,
    })
    const { exit, out } = await traced
    expect(exit).toBe(0)
    expect(
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { at: 'at 7', type: 'path-use', ...about },
      { at: 'at 8', type: 'repair', peer: 'home', lostFrames: 3, repairedFrames: 2 },
    ])
    await waitFor(() => control.tracing.toTunnel.decisions === undefined)
  })

  test('ends when the disk is full, before a packet came', async () => {
    const argv = ['trace', '--pcap', '/dev/full', '--socket', control.path]
    expect(await run(argv)).toMatchObject({
      exit: 74,
      err: expect.stringMatching(/^multipathd: the file does not take the result: ENOSPC: .*: make room/),
    })
    await waitFor(() => control.tracing.toTunnel.packets === undefined)
  })

  test('writes packets for Wireshark, with path and direction', async () => {
    const file = join(folder, 'tunnel.pcapng')
    const traced = run([
      'trace',
      '--pcap',
      file,
      '--snap',
      '60',
      '--duration',
      '0.4',
      '--socket',
      control.path,
    ])
    await sees('packets')
    const show = control.tracing.toTunnel.packets!
    for (const [path, direction] of [
      ['dsl', 'out'],
      ['lte', 'in'],
      ['dsl', 'in'],
    ] as const) {
      show({ peer: 'home', path, direction, bytes: PACKET })
    }
    expect((await traced).exit).toBe(0)
    await waitFor(() => control.tracing.toTunnel.packets === undefined)
    const blocks = blocksOf(readFileSync(file))
    expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 6, 1, 6, 6])
    expect(blocks[1]!.body.toString('latin1')).toContain('dsl')
    const packets = blocks.filter(({ type }) => type === 6).map(({ body }) => body)
    expect(packets.map((body) => body.readUInt32LE(0))).toEqual([0, 1, 0])
    for (const body of packets) {
      expect(body.readUInt32LE(4) * 2 ** 32 + body.readUInt32LE(8)).toBe(Date.parse(AT) * 1000)
      expect([body.readUInt32LE(12), body.readUInt32LE(16)]).toEqual([60, PACKET.length])
      expect(body.subarray(20, 80)).toEqual(Buffer.from(PACKET.subarray(0, 60)))
    }
    // Of the option with the flags the lowest two bits are the direction.
    expect(packets.map((body) => body.readUInt32LE(84) & 3)).toEqual([2, 1, 1])
  })

  test('leaves packets out for who reads too slowly, and says how many', async () => {
    const client = new RawClient(control.path)
    client.send({ v: 1, id: 1, command: 'capture' })
    await sees('packets')
    client.socket.pause()
    const show = (): void =>
      control.tracing.toTunnel.packets!({ peer: 'a', path: 'b', direction: 'in', bytes: PACKET })
    for (let sent = 0; sent < 30_000; sent++) show()
    client.socket.resume()
    await waitFor(() => client.replies.length > 1000)
    const before = client.replies.length
    for (let tries = 0; tries < 100 && client.replies.length === before; tries++) {
      show()
      await new Promise((resolve) => {
        setTimeout(resolve, 5)
      })
    }
    const missed = client.replies.map(({ item }) => (item as { missed: number }).missed)
    expect(missed.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(1000)
    expect(client.ended).toBe(false)
  })

  test.each([
    ['--snap', '10'],
    ['--duration', 'long'],
  ])('does not take %s %s', async (...argv) => {
    expect(await run(['trace', ...argv, '--socket', control.path])).toMatchObject({ exit: 64 })
  })
})

const canRead = spawnSync('tcpdump', ['--version']).error === undefined

test.skipIf(!canRead)('tcpdump reads what is written [needs tcpdump]', () => {
  const writer = new PcapngWriter()
  const about = {
    peer: 'home',
    path: 'dsl',
    direction: 'out',
    atMs: Date.parse(AT),
    lengthBytes: PACKET.length,
  } as const
  const file = Buffer.concat([
    writer.header(),
    writer.packet({ ...about, bytes: Buffer.from(PACKET), comment: 'the first' }),
    writer.packet({ ...about, bytes: Buffer.from(PACKET) }),
  ])
  const { stdout } = spawnSync('tcpdump', ['-n', '-tt', '-r', '-'], { input: file, encoding: 'utf8' })
  expect(
    stdout.match(/^1767261600\.500000 IP 10\.8\.0\.1\.7 > 10\.8\.0\.2\.9: UDP, length 101$/gm),
  ).toHaveLength(2)
})
