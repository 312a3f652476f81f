import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { MemoryNetwork, simRuntime } from '@mp/testkit'
import { realWait, simWait, testDatagramSocket, testTransport } from '@mp/testkit/conformance'
import { describe, expect, it } from 'vitest'
import { dgramSocket, udpMux } from '@mp/udpmux'
import type { SocketFactory } from '@mp/udpmux'
import { memorySockets } from './fixtures.ts'

const native = loadNativeIo()
const required = (process.env['MP_REQUIRE'] ?? '').split(',').includes('native')
const backends: [name: 'dgram' | 'native', open: SocketFactory][] = [['dgram', dgramSocket]]
if (native.io !== undefined) backends.push(['native', (options) => native.io.openSocket(options)])

describe('native backend', () => {
  it.skipIf(native.io === undefined && !required)('runs where the addon loads', () => {
    expect(native).not.toHaveProperty('reason')
    expect(native.io).toBeDefined()
  })
})

const neverFull = [
  {
    test: 'a full link leaves the rest in the batch and says when it takes more',
    reason: 'the loopback device delivers at once: the buffer of a native socket never fills there',
  },
]

function largePool(): Mempool {
  return new Mempool({
    classes: [
      { packetBytes: 1920, slots: 2048 },
      { packetBytes: 65_536, slots: 2 },
    ],
  })
}

for (const [name, open] of backends) {
  testDatagramSocket({
    name,
    create: () => {
      const pool = largePool()
      return {
        pool,
        wait: realWait(),
        tooBigBytes: 65_536,
        open: ({ address, maxPeers = 64 }) => open({ pool, local: address, peerCapacity: maxPeers }),
      }
    },
  })

  for (const [family, listenEndpoint, localAddress] of [
    ['IPv4', '127.0.0.1:0', '127.0.0.1'],
    ['IPv6', '[::1]:0', '::1'],
  ] as const) {
    testTransport({
      name: `udpMux on ${name}, ${family}`,
      create: () => {
        const pool = largePool()
        const transport = udpMux({ pool, backend: name, minFrameBytes: 1 })
        return { pool, wait: realWait(), transport, listenEndpoint, localAddress }
      },
      skip: name === 'native' ? neverFull : [],
    })
  }
}

testTransport({
  name: 'udpMux on sockets in memory',
  create: () => {
    const pool = largePool()
    const runtime = simRuntime()
    const network = new MemoryNetwork({ runtime, line: { rateBps: 100_000_000 } })
    const socketFactory = memorySockets(network, { sendBufferBytes: 200_000 })
    const transport = udpMux({ pool, runtime, socketFactory, minFrameBytes: 1 })
    return { pool, wait: simWait(runtime), transport }
  },
})
