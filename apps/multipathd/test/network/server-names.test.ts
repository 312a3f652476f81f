import type { Link, Transport } from '@mp/interface'
import { beforeEach, expect, test } from 'vitest'
import { ServerNames } from '../../src/network/server-names.ts'

const NAME = 'vps.example.net:5000'
const OPTIONS = { handler: undefined as never }
const log: string[] = []
let known: readonly string[] = []
let refused: readonly string[] = []
beforeEach(() => {
  log.length = 0
  known = ['2001:db8::1', '192.0.2.1']
  refused = []
})

const transport: Transport = {
  name: 'fake',
  dial: async (endpoint) => {
    log.push(endpoint)
    if (refused.some((ip) => endpoint.includes(ip))) throw new Error(`${endpoint} refused`)
    return {} as Link
  },
  listen: () => Promise.reject(new Error('nobody listens here')),
}

function names() {
  const made = new ServerNames({
    resolve: async () => {
      if (known.length === 0) throw new Error('no answer')
      return known
    },
    onAddresses: async (ips) => void log.push(`admit ${ips.join()}`),
  })
  const way = made.transportFor('dsl', transport)
  return { names: made, dial: (options = {}) => way.dial(NAME, { ...OPTIONS, ...options }) }
}

test('addresses are admitted before they are dialled, those without a name too', async () => {
  const { names: made, dial } = names()
  await dial()
  await made.transportFor('lte', transport).dial('192.0.2.7:5000', OPTIONS)
  expect(log).toEqual([
    'admit 2001:db8::1,192.0.2.1',
    '[2001:db8::1]:5000',
    'admit 192.0.2.7',
    '192.0.2.7:5000',
  ])
})

test('an address that leads nowhere is followed by the next one; one that works is kept', async () => {
  const { names: made, dial } = names()
  await dial()
  await dial()
  made.handleWorking('dsl')
  await dial()
  await dial()
  const dialled = log.filter((line) => !line.startsWith('admit'))
  expect(dialled).toEqual(['[2001:db8::1]:5000', '192.0.2.1:5000', '192.0.2.1:5000', '[2001:db8::1]:5000'])
})

test('an address that cannot be dialled is followed by the next one at once', async () => {
  refused = ['2001:db8::1']
  await names().dial()
  expect(log.at(-1)).toBe('192.0.2.1:5000')
  refused = known
  await expect(names().dial()).rejects.toThrow('192.0.2.1:5000 refused')
})

test('a name that means nothing any more still leads to where it led last', async () => {
  const { names: made, dial } = names()
  await dial()
  made.handleWorking('dsl')
  known = []
  await dial()
  expect(log.at(-1)).toBe('[2001:db8::1]:5000')
})

test('a name that never meant anything is for the transport to refuse', async () => {
  known = []
  await names().dial()
  expect(log).toEqual([NAME])
})

test('only addresses of the family of the local one are dialled', async () => {
  await names().dial({ localAddress: '192.168.1.10' })
  expect(log.at(-1)).toBe('192.0.2.1:5000')
})

test('a path whose server moved is found', async () => {
  const { names: made, dial } = names()
  await dial()
  expect(await made.findMoved(() => '192.0.2.1')).toEqual([])
  known = ['192.0.2.9']
  expect(await made.findMoved(() => '192.0.2.1')).toEqual(['dsl'])
  expect(await made.findMoved(() => undefined)).toEqual([])
  known = []
  expect(await made.findMoved(() => '192.0.2.1')).toEqual([])
})
