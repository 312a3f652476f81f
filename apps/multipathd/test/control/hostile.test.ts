import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineReader } from '../../src/control/line-reader.ts'
import { MAX_CONNECTIONS, MAX_QUEUED_BYTES, MAX_REQUEST_BYTES } from '../../src/control/protocol.ts'
import { waitFor } from '../support/wait-for.ts'
import { RawClient, testControl } from './support.ts'

describe('whatever a client sends', () => {
  test('garbage is answered and harms nobody', async () => {
    await using control = await testControl()
    const good = new RawClient(control.path)
    let asked = 0
    await fc.assert(
      fc.asyncProperty(fc.array(rubbish, { maxLength: 8 }), async (pieces) => {
        const bad = new RawClient(control.path)
        for (const piece of pieces) bad.socket.write(piece)
        bad.socket.end('\n')
        await waitFor(() => bad.ended)
        for (const reply of bad.replies) expect(reply).toMatchObject({ v: 1 })
        good.send({ v: 1, id: ++asked, command: 'echo', params: { text: 'well' } })
        expect((await good.until(asked)).at(-1)).toEqual({ v: 1, id: asked, result: 'well' })
      }),
      { numRuns: Number(process.env['MP_FUZZ_RUNS'] ?? 60) },
    )
    expect(control.faults).toEqual([])
  })

  test('a request may come in any pieces', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    for (const byte of Buffer.from('\n{"v":1,"id":1,"command":"echo","params":{"text":"grüß"}}\r\n')) {
      client.socket.write(Buffer.of(byte))
    }
    expect(await client.until(1)).toEqual([{ v: 1, id: 1, result: 'grüß' }])
  })

  test.each([
    ['in one line', Buffer.alloc(MAX_REQUEST_BYTES + 1, 'x')],
    [
      'that is valid',
      Buffer.from(
        JSON.stringify({ v: 1, id: 1, command: 'echo', params: { text: 'x'.repeat(MAX_REQUEST_BYTES) } }),
      ),
    ],
  ])('too much %s ends the connection, with a word', async (_what, bytes) => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.socket.write(bytes)
    await waitFor(() => client.ended)
    expect(client.replies).toEqual([
      { v: 1, id: null, error: { code: 'too-large', message: 'a request has at most 65536 bytes' } },
    ])
  })

  test('who does not read is told so and dropped, and costs no more than so much', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send({ v: 1, id: 1, command: 'drip' })
    await waitFor(() => control.drips.size === 1)
    client.socket.pause()
    const [sink] = control.drips
    const item = 'x'.repeat(MAX_QUEUED_BYTES / 16)
    for (let sent = 0; sent < 64 && control.drips.size > 0; sent++) sink!.send(item)
    expect(control.drips.size).toBe(0)
    client.socket.resume()
    await waitFor(() => client.ended)
    expect(client.replies.at(-1)).toMatchObject({ id: null, error: { code: 'slow-reader' } })
    expect(client.replies.length).toBeLessThan(24)
  })

  test('more clients than there may be are told so', async () => {
    await using control = await testControl()
    const clients = Array.from({ length: MAX_CONNECTIONS }, () => new RawClient(control.path))
    for (const client of clients) client.send({ v: 1, id: 1, command: 'echo', params: { text: 'in' } })
    for (const client of clients) await client.until(1)
    const late = new RawClient(control.path)
    await waitFor(() => late.ended)
    expect(late.replies).toMatchObject([{ error: { code: 'busy' } }])
    clients[0]!.socket.destroy()
    await waitFor(() => clients[0]!.ended)
    const next = new RawClient(control.path)
    next.send({ v: 1, id: 1, command: 'echo', params: { text: 'in' } })
    expect(await next.until(1)).toMatchObject([{ result: 'in' }])
  })
})

const words = fc.constantFrom(
  '{"v":1,"id":1,"command":"echo"',
  ',"params":{}}',
  '{"v":1',
  'null',
  '[]',
  '"',
  '{}',
  '\n',
  '\0',
)

const rubbish: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  words.map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(`${text}\n`)),
)

test('lines are the same however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '))),
      fc.integer({ min: 1, max: 9 }),
      (lines, step) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const reader = new LineReader(10_000)
        const read: string[] = []
        for (let from = 0; from < bytes.length; from += step)
          read.push(...reader.push(bytes.subarray(from, from + step))!)
        expect(read).toEqual(lines)
      },
    ),
  )
})
