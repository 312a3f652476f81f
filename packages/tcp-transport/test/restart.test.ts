import { Mempool } from '@mp/mempool'
import { dialPersistently } from '@mp/path-manager'
import { systemRuntime } from '@mp/runtime-node'
import { tcpTransport } from '@mp/tcp-transport'
import { expect, it, vi } from 'vitest'
import { Recorder, expectNoneOut, sendTexts } from './fixtures.ts'

it('finds a TCP server again that was restarted', async () => {
  const pool = new Mempool({ classes: [{ packetBytes: 300, slots: 64 }] })
  const tcp = tcpTransport({ pool })
  const server = new Recorder(pool)
  const handler = new Recorder(pool)
  const listener = await tcp.listen('127.0.0.1:0', server)
  let ups = 0
  const persistent = dialPersistently(tcp, listener.localAddress, {
    handler,
    runtime: systemRuntime(),
    backoff: { initialMs: 10, maxMs: 20 },
    onUp: (link) => {
      ups++
      sendTexts(pool, link, `here for the ${ups}. time`)
    },
  })
  await vi.waitUntil(() => server.heard.length === 1)
  await listener.close()
  await vi.waitUntil(() => persistent.link === undefined)
  const again = await tcp.listen(listener.localAddress, server)
  await vi.waitUntil(() => server.heard.length === 2)
  expect(server.heard.map(({ text }) => text)).toEqual(['here for the 1. time', 'here for the 2. time'])
  persistent.close()
  await again.close()
  expectNoneOut(pool)
})
