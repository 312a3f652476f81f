import { Mempool } from '@mp/mempool'
import { tcpTransport } from '@mp/tcp-transport'
import { realWait, testTransport } from '@mp/testkit/conformance'

for (const [family, listenEndpoint, localAddress] of [
  ['IPv4', '127.0.0.1:0', '127.0.0.1'],
  ['IPv6', '[::1]:0', '::1'],
] as const) {
  testTransport({
    name: `tcpTransport, ${family}`,
    create: () => {
      const pool = new Mempool({
        classes: [
          { packetBytes: 1920, slots: 8192 },
          { packetBytes: 65_536, slots: 2 },
        ],
      })
      // A small backlog, so that the kernel's buffers and not the pool bound what is under way.
      return {
        pool,
        wait: realWait(),
        transport: tcpTransport({ pool, highWaterBytes: 65_536 }),
        listenEndpoint,
        localAddress,
      }
    },
  })
}
