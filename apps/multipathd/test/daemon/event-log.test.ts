import { describe, expect, test } from 'vitest'
import { EventLog } from '../../src/daemon/event-log.ts'
import type { LoggedEvent, NewEvent } from '../../src/daemon/event-log.ts'

const event = (message: string): NewEvent => ({ type: 'path-state', level: 'info', message, fields: {} })
const messages = (events: readonly LoggedEvent[]): string[] => events.map(({ message }) => message)

describe('the event log', () => {
  test('keeps the last events, numbered through', () => {
    const log = new EventLog(() => 0, 3)
    for (const name of ['a', 'b', 'c', 'd']) log.add(event(name))
    expect(log.recent()).toEqual([
      { number: 2, at: '1970-01-01T00:00:00.000Z', ...event('b') },
      { number: 3, at: '1970-01-01T00:00:00.000Z', ...event('c') },
      { number: 4, at: '1970-01-01T00:00:00.000Z', ...event('d') },
    ])
    expect(messages(log.recent({ limit: 2 }))).toEqual(['c', 'd'])
    expect(messages(log.recent({ after: 3 }))).toEqual(['d'])
    expect(log.recent({ limit: 0 })).toEqual([])
  })

  test('keeps what matters longer than new keys', () => {
    const log = new EventLog(() => 0, 3)
    log.add(event('a'))
    for (const message of ['keys 1', 'keys 2', 'keys 3']) log.add({ ...event(message), type: 'rekeyed' })
    expect(messages(log.recent())).toEqual(['a', 'keys 2', 'keys 3'])
    for (const name of ['b', 'c', 'd']) log.add(event(name))
    expect(messages(log.recent())).toEqual(['b', 'c', 'd'])
  })

  test('tells of new ones until that is ended', () => {
    const log = new EventLog(() => 0)
    const heard: LoggedEvent[] = []
    log.add(event('before'))
    const stop = log.subscribe((each) => heard.push(each))
    log.add(event('during'))
    stop()
    log.add(event('after'))
    expect(messages(heard)).toEqual(['during'])
  })
})
