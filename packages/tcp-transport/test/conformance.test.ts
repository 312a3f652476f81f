import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import { tcpTransport } from '@mp/tcp-transport'
import { realWait, testTransport } from '@mp/testkit/conformance'
import { describe } from 'vitest'

const missing = requires([], { native: loadNativeIo().io !== undefined })

const families = [
  ['IPv4', '127.0.0.1:0', '127.0.0.1'],
  ['IPv6', '[::1]:0', '::1'],
] as const

function suite(
  backend: 'native' | 'net',
  [family, listenEndpoint, localAddress]: (typeof families)[number],
): void {
  testTransport({
    name: `tcpTransport, ${backend}, ${family}`,
    create: () => {
      const pool = new Mempool({
        classes: [
          // More than the buffers of the kernel hold at both ends.
          { packetBytes: 1920, slots: 8192 },
          { packetBytes: 65_536, slots: 64 },
        ],
      })
      return {
        pool,
        wait: realWait(),
        // A native stream receives into the slots it has at hand, which are those of the first class.
        transport: tcpTransport({ pool, backend, ...(backend === 'native' && { maxFrameBytes: 1900 }) }),
        listenEndpoint,
        localAddress,
      }
    },
  })
}

for (const family of families) suite('net', family)

describe.skipIf(missing.length > 0)('[needs native]', () => {
  for (const family of families) suite('native', family)
})
