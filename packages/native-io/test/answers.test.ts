import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { DatagramHandler } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { loadNativeIo, type NativeSocket, type NativeSocketOptions } from '@mp/native-io'
import { createLab, requires } from '@mp/netlab'
import { realWait } from '@mp/testkit/conformance'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const io = loadNativeIo().io!
const native = { native: io !== undefined, linux: process.platform === 'linux' }
const missing = requires([], native)
const wait = realWait()

let pool: Mempool
let sockets: NativeSocket[]

beforeEach(() => {
  pool = new Mempool({ classes: [{ packetBytes: 1400, slots: 512 }] })
  sockets = []
})
afterEach(async () => {
  await Promise.all(sockets.map((socket) => socket.close()))
  if (pool.inUse !== 0) throw new Error(`${pool.inUse} slots are still out`)
})

/** Opens and starts a socket that hands each datagram's peer to `hear` and gives the slots back. */
function open(
  options: Partial<NativeSocketOptions>,
  hear: (peer: number, socket: NativeSocket) => void = () => {},
): NativeSocket {
  const socket = io.openSocket({ pool, ...options })
  sockets.push(socket)
  const onDatagrams: DatagramHandler['onDatagrams'] = (batch) => {
    for (let row = 0; row < batch.count; row++) hear(batch.peer[row]!, socket)
    pool.releaseAll(batch)
  }
  socket.start({ onDatagrams, onWritable: () => {}, onUnreachable: () => {}, onClose: () => {} })
  return socket
}

/** Sends a datagram to each of `peers`, all with one call. */
function send(socket: NativeSocket, ...peers: number[]): void {
  const batch = pool.createBatch(peers.length)
  for (const peer of peers) {
    const slot = pool.acquire()
    batch.peer[batch.push(slot, pool.offsetOf(slot), 10)] = peer
  }
  expect(socket.send(batch)).toBe(peers.length)
}

const answer = (peer: number, socket: NativeSocket): void => send(socket, peer)
const portOf = ({ localAddress }: NativeSocket): string =>
  localAddress.slice(localAddress.lastIndexOf(':') + 1)

const EVERYWHERE = ['0.0.0.0:0', '[::]:0']

describe.skipIf(missing.length > 0)('a socket at all addresses [needs native, linux]', () => {
  it.each(EVERYWHERE)('at %s answers from the address it was asked at', async (local) => {
    const port = portOf(open({ local }, answer))
    // Connected, so that they hear nobody else; of one address, so that the kernel's choice is wrong for one of them.
    const clients = ['127.0.0.1', '127.0.0.2'].map((ip) =>
      open({ local: '127.0.0.1:0', remote: `${ip}:${port}` }),
    )
    for (const client of clients) send(client, 0)
    const heard = (): number[] => clients.map((client) => client.stats().rxPackets)
    await wait.until(() => !heard().includes(0))
    expect(heard()).toEqual([1, 1])
  })

  it.each(EVERYWHERE)(
    'at %s has a peer for each pair of addresses, and one more for a text',
    async (local) => {
      const heard: number[] = []
      const server = open({ local }, (peer) => heard.push(peer))
      const from: (string | undefined)[] = []
      const client = open({ local: '127.0.0.1:0' }, (peer) => from.push(client.peerAddress(peer)))
      const [one, two] = ['127.0.0.1', '127.0.0.2'].map((ip) => `${ip}:${portOf(server)}`) as [string, string]
      send(client, client.peer(one), client.peer(two), client.peer(two))
      await wait.until(() => heard.length === 3)
      const named = server.peer(client.localAddress)
      expect(new Set([...heard, named]).size).toBe(3)
      expect(heard[1]).toBe(heard[2])
      for (const peer of [...heard, named]) expect(server.peerAddress(peer)).toBe(client.localAddress)
      expect(server.stats().peers).toBe(3)

      send(server, heard[1]!, named, heard[0]!, heard[2]!)
      await wait.until(() => from.length === 4)
      expect(from).toEqual([two, one, one, two])
    },
  )

  it('answers a broadcast from an address of its own', async () => {
    const server = open({ local: '0.0.0.0:0' }, answer)
    const client = createSocket('udp4')
    try {
      client.bind(0, '127.0.0.1')
      await once(client, 'listening')
      client.setBroadcast(true)
      const message = once(client, 'message', { signal: AbortSignal.timeout(2000) })
      client.send(new Uint8Array(10), Number(portOf(server)), '127.255.255.255')
      expect(await message).toMatchObject([{}, { address: '127.0.0.1' }])
    } finally {
      client.close()
    }
  })

  it('pins each of them by itself', async () => {
    const heard: number[] = []
    const server = open({ local: '0.0.0.0:0', peerCapacity: 2 }, (peer) => heard.push(peer))
    const client = open({ local: '127.0.0.1:0' })
    const ask = async (ip: string): Promise<void> => {
      const before = heard.length
      send(client, client.peer(`${ip}:${portOf(server)}`))
      await wait.until(() => heard.length > before)
    }
    await ask('127.0.0.1')
    server.pin(heard[0]!)
    for (const ip of ['127.0.0.2', '127.0.0.3', '127.0.0.1']) await ask(ip)
    expect(heard[1]).not.toBe(heard[0])
    expect(heard[2]).toBe(heard[1])
    expect(heard[3]).toBe(heard[0])
  })
})

const unable = requires(['root', 'netns'], native)

describe.skipIf(unable.length > 0)('a socket at [::] [needs native, linux, root, netns]', () => {
  it('answers from the IPv6 address it was asked at, a link-local one too', async () => {
    const lab = await createLab()
    try {
      const host = await lab.namespace('host')
      const other = await lab.namespace('other')
      const { name } = await lab.link(host, other, {
        aAddress: ['10.98.0.1/24', 'fd00:98::1/64'],
        bAddress: '10.98.0.9/24',
      })
      const add = (address: string, device: string): Promise<string> =>
        host.run('ip', ['address', 'add', address, 'dev', device, 'nodad'])
      for (const address of ['fd00:98::2/64', 'fe80::98:1/64', 'fe80::98:2/64']) await add(address, name)
      await add('::2/128', 'lo')
      const asked: Record<string, string[]> = {
        '127.0.0.1': ['127.0.0.2', '10.98.0.1'],
        '::1': ['::1', '::2', 'fd00:98::2'],
        'fd00:98::1': ['fd00:98::1', 'fd00:98::2', '::2', `fe80::98:2%${name}`],
        [`fe80::98:1%${name}`]: [`fe80::98:1%${name}`, `fe80::98:2%${name}`, 'fd00:98::2'],
      }
      const file = fileURLToPath(new URL('fixtures/ask-at.mjs', import.meta.url))
      const output = await host.run(process.execPath, [file, JSON.stringify(asked)])
      expect(JSON.parse(output)).toEqual({ answered: asked, inUse: 0 })
    } finally {
      await lab.dispose()
    }
  })
})
