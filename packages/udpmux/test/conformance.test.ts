import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { realWait, testDatagramSocket, testFragmenter, testTransport } from '@mp/testkit/conformance'
import { describe, expect, it } from 'vitest'
import { dgramSocket, fragmenter, udpMux } from '@mp/udpmux'
import type { SocketFactory } from '@mp/udpmux'

const native = loadNativeIo()
const required = (process.env['MP_REQUIRE'] ?? '').split(',').includes('native')
const backends: [name: 'dgram' | 'native', open: SocketFactory][] = [['dgram', dgramSocket]]
if (native.io !== undefined) backends.push(['native', native.io.openSocket])

describe('native backend', () => {
  it.skipIf(native.io === undefined && !required)('runs where the addon loads', () => {
    expect(native.io, native.io === undefined ? native.reason : '').toBeDefined()
  })
})

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
      skip: [
        {
          test: 'a full link leaves the rest in the batch and says when it takes more',
          reason: 'it expects that no frame is lost, and UDP loses frames when the receiver is flooded',
        },
        {
          test: 'two listeners cannot have one address',
          reason: 'it expects the code of the system; mux.test.ts expects MP_UDP_ADDRESS_IN_USE',
        },
      ],
    })
  }
}

testFragmenter({
  name: 'fragmenter',
  create: () => {
    const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 2048 }] })
    return { pool, open: () => fragmenter({ pool }) }
  },
  skip: [
    {
      test: 'a packet of any length comes out as it went in',
      reason: 'it cuts a packet of one byte, and no piece may be empty; fragmenter.test.ts has all other lengths',
    },
  ],
})
