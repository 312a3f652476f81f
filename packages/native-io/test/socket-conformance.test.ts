import { Mempool } from '@mp/mempool'
import { requires } from '@mp/netlab'
import { realWait, testDatagramSocket } from '@mp/testkit/conformance'
import { describe } from 'vitest'
import { loadNativeIo } from '@mp/native-io'

const { io } = loadNativeIo()
const missing = requires([], { native: io !== undefined })

describe.skipIf(missing.length > 0)('native sockets [needs native]', () => {
  testDatagramSocket({
    name: 'native',
    create: () => {
      const pool = new Mempool({
        classes: [
          { packetBytes: 1400, slots: 512 },
          { packetBytes: 65_536, slots: 4 },
        ],
      })
      return {
        pool,
        wait: realWait(),
        tooBigBytes: 65_536,
        open: ({ address, maxPeers }) =>
          io!.openSocket({ pool, local: address, ...(maxPeers !== undefined && { peerCapacity: maxPeers }) }),
      }
    },
  })
})
