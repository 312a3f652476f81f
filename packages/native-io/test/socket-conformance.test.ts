import { Mempool } from '@mp/mempool'
import { requires } from '@mp/netlab'
import { realWait, testDatagramSocket } from '@mp/testkit/conformance'
import { describe } from 'vitest'
import { loadNativeIo } from '@mp/native-io'

const { io } = loadNativeIo()
const missing = requires([], { native: io !== undefined })

const ways = [
  ['native', {}],
  ['native, without offloads,', { gso: false, gro: false }],
] as const

describe.skipIf(missing.length > 0).each(ways)('%s sockets [needs native]', (name, offloads) => {
  testDatagramSocket({
    name,
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
          io!.openSocket({
            pool,
            local: address,
            ...offloads,
            ...(maxPeers !== undefined && { peerCapacity: maxPeers }),
          }),
      }
    },
  })
})
