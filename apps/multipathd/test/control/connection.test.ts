import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/control/index.ts'
import { MAX_UNDER_WAY } from '../../src/control/protocol.ts'
import { waitFor } from '../support/wait-for.ts'
import { RawClient, testControl } from './support.ts'

describe('a control connection', () => {
  test('answers each request under its id', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send(
      { v: 1, id: 1, command: 'echo', params: { text: 'a' } },
      { v: 1, id: 'two', command: 'echo', params: { text: 'b' } },
    )
    expect(await client.until(2)).toEqual([
      { v: 1, id: 1, result: 'a' },
      { v: 1, id: 'two', result: 'b' },
    ])
  })

  test.each([
    [
      'an unknown command',
      { v: 1, id: 1, command: 'ecko' },
      'unknown-command',
      /unknown command "ecko": did you mean "echo"\?/,
    ],
    ['wrong parameters', { v: 1, id: 1, command: 'echo', params: { txt: 1 } }, 'bad-params', /text/],
    ['another version', { v: 2, id: 1, command: 'echo' }, 'unsupported-version', /speaks version 1, found 2/],
    ['no version', { id: 1, command: 'echo' }, 'bad-request', /at v/],
    ['a foreign key', { v: 1, id: 1, command: 'echo', extra: 1 }, 'bad-request', /extra/],
    ['what cannot be done', { v: 1, id: 1, command: 'refuse' }, 'refused', /^not today$/],
    ['a fault of its own', { v: 1, id: 1, command: 'fail' }, 'internal', /^a fault$/],
    [
      'to cancel what is not there',
      { v: 1, id: 1, command: 'cancel', params: { id: 7 } },
      'bad-params',
      /none of that id/,
    ],
  ])('refuses %s with a code and words', async (_what, request, code, message) => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send(request)
    const [reply] = await client.until(1)
    expect(reply).toEqual({ v: 1, id: 1, error: { code, message: expect.stringMatching(message) } })
    expect(control.faults).toHaveLength(code === 'internal' ? 1 : 0)
    client.send({ v: 1, id: 2, command: 'echo', params: { text: 'still here' } })
    expect((await client.until(2))[1]).toMatchObject({ id: 2, result: 'still here' })
  })

  test('streams until it is cancelled, and beside that answers', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send({ v: 1, id: 1, command: 'drip' })
    await waitFor(() => control.drips.size === 1)
    const [sink] = control.drips
    sink!.send({ drop: 1 })
    client.send({ v: 1, id: 2, command: 'echo', params: { text: 'x' } })
    await client.until(2)
    sink!.send({ drop: 2 })
    client.send({ v: 1, id: 3, command: 'cancel', params: { id: 1 } })
    await client.until(5)
    sink!.send({ drop: 3 })
    client.send({ v: 1, id: 4, command: 'echo', params: { text: 'y' } })
    expect(await client.until(6)).toEqual([
      { v: 1, id: 1, item: { drop: 1 } },
      { v: 1, id: 2, result: 'x' },
      { v: 1, id: 1, item: { drop: 2 } },
      { v: 1, id: 1, end: 'cancelled' },
      { v: 1, id: 3, result: null },
      { v: 1, id: 4, result: 'y' },
    ])
    expect(control.drips.size).toBe(0)
  })

  test('says when a stream ends by itself', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send({ v: 1, id: 1, command: 'drip' })
    await waitFor(() => control.drips.size === 1)
    for (const sink of control.drips) sink.end('dry')
    expect(await client.until(1)).toEqual([{ v: 1, id: 1, end: 'dry' }])
    expect(control.drips.size).toBe(0)
  })

  test('ends what it streams when the client goes', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send({ v: 1, id: 1, command: 'drip' }, { v: 1, id: 2, command: 'drip' })
    await waitFor(() => control.drips.size === 2)
    client.socket.destroy()
    await waitFor(() => control.drips.size === 0)
    expect(control.faults).toEqual([])
  })

  test('takes an id once at a time, and only so many', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    for (let id = 0; id < MAX_UNDER_WAY; id++) client.send({ v: 1, id, command: 'drip' })
    client.send({ v: 1, id: 0, command: 'drip' }, { v: 1, id: 'more', command: 'drip' })
    expect(await client.until(2)).toEqual([
      { v: 1, id: 0, error: { code: 'bad-request', message: 'id 0 is under way: use another one' } },
      {
        v: 1,
        id: 'more',
        error: { code: 'busy', message: expect.stringContaining('32 requests are under way') },
      },
    ])
  })

  test('tells who is connected when the daemon stops', async () => {
    await using control = await testControl()
    const client = new RawClient(control.path)
    client.send({ v: 1, id: 1, command: 'drip' })
    await waitFor(() => control.drips.size === 1)
    await control.server.close()
    expect(await client.until(1)).toEqual([
      { v: 1, id: null, error: { code: 'refused', message: 'the daemon stops' } },
    ])
    await waitFor(() => client.ended)
  })
})

test('every command says what it does and what it takes', async () => {
  await using control = await testControl(COMMANDS)
  const client = new RawClient(control.path)
  client.send({ v: 1, id: 1, command: 'commands' })
  const [reply] = await client.until(1)
  const listed = reply!['result'] as { name: string; about: string; params: object }[]
  expect(listed.map(({ name }) => name)).toEqual(COMMANDS.map(({ name }) => name).toSorted())
  for (const { about, params } of listed) {
    expect(about).toMatch(/^[A-Z].*\.$/)
    expect(params).toMatchObject({ type: 'object', additionalProperties: false })
  }
})

test('events are there afterwards, and as they happen', async () => {
  await using control = await testControl(COMMANDS)
  const event = { type: 'closed', level: 'info', fields: {} } as const
  for (const message of ['a', 'b', 'c']) control.events.add({ ...event, message })
  const client = new RawClient(control.path)
  client.send(
    { v: 1, id: 1, command: 'events', params: { after: 1 } },
    { v: 1, id: 2, command: 'watch-events', params: { limit: 1 } },
  )
  await client.until(2)
  control.events.add({ ...event, message: 'd' })
  const replies = await client.until(3)
  const ofRequest = (id: number): unknown[] => replies.filter((reply) => reply['id'] === id)
  expect(ofRequest(1)).toMatchObject([
    {
      result: [
        { number: 2, message: 'b' },
        { number: 3, message: 'c' },
      ],
    },
  ])
  expect(ofRequest(2)).toMatchObject([{ item: { message: 'c' } }, { item: { message: 'd' } }])
})
