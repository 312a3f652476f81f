import { Mempool } from '@mp/mempool'
import {
  MemoryNetwork,
  memorySocket,
  memoryTransport,
  memoryWatch,
  simRuntime,
  type LineOptions,
} from '@mp/testkit'
import { simWait, testDatagramSocket, testNetworkWatch, testTransport } from '@mp/testkit/conformance'

const MAX_FRAME_BYTES = 1400

function world(line: LineOptions = {}) {
  const runtime = simRuntime()
  const pool = new Mempool({ classes: [{ packetBytes: 1500, slots: 512 }] })
  const network = new MemoryNetwork({ runtime, line })
  return { pool, network, wait: simWait(runtime, { settleMs: 500 }) }
}

const lines: readonly [string, LineOptions][] = [
  ['memory, ideal lines', {}],
  ['memory, slow lines', { rateBps: 1e7, delayMs: 10, jitterMs: 3, queueBytes: 1e6 }],
]

for (const [name, line] of lines) {
  testDatagramSocket({
    name,
    create: () => {
      const { pool, network, wait } = world(line)
      return {
        pool,
        wait,
        tooBigBytes: MAX_FRAME_BYTES + 1,
        open: ({ address, maxPeers = 64 }) =>
          memorySocket(network, address, { pool, maxPeers, maxFrameBytes: MAX_FRAME_BYTES }),
      }
    },
  })
}

testTransport({
  name: 'memory, slow lines and small send buffers',
  create: () => {
    const { pool, network, wait } = world({ rateBps: 1e8, delayMs: 10, queueBytes: 1e6 })
    const transport = memoryTransport(network, {
      pool,
      maxFrameBytes: MAX_FRAME_BYTES,
      sendBufferBytes: 200_000,
    })
    return { pool, wait, transport }
  },
})

testTransport({
  name: 'memory, IPv6',
  create: () => {
    const { pool, network, wait } = world()
    const transport = memoryTransport(network, { pool, maxFrameBytes: MAX_FRAME_BYTES })
    return { pool, wait, transport, listenEndpoint: '[::1]:0', localAddress: '::1' }
  },
  skip: [
    {
      test: 'a full link leaves the rest in the batch and says when it takes more',
      reason: 'send buffers without a bound never fill',
    },
  ],
})

testNetworkWatch({
  name: 'memory',
  create: () => {
    const runtime = simRuntime()
    const watch = memoryWatch(runtime)
    const set = (name: string, ip: string, isUp = true): void =>
      watch.set({ name, isUp, addresses: [{ ip, isDeprecated: false }] })
    return {
      watch,
      wait: simWait(runtime),
      add: set,
      readdress: set,
      setDown: (name) => set(name, '192.0.2.7', false),
      remove: (name) => watch.remove(name),
    }
  },
})
