/**
 * A whole tunnel without sockets, devices and root: client and server in one process, joined by two emulated lines,
 * in simulated time. The TUN devices are arrays; everything between them is what runs in the daemon.
 */
import { Mempool } from '@mp/mempool'
import { CfsScheduler } from '@mp/scheduler-cfs'
import { MemoryNetwork, memoryTransport, memoryTun, simRuntime, udpPacket } from '@mp/testkit'
import { TunnelClient, TunnelServer } from '@mp/tunnel'
import type { TunnelPath } from '@mp/tunnel'
import { fragmenter } from '@mp/udpmux'

const SERVER = '10.9.0.1'
const HOSTS = { dsl: '10.0.1.1', lte: '10.0.2.1' }
const PACKETS = 4000
const createScheduler = (): CfsScheduler<TunnelPath> => new CfsScheduler()

export async function main(): Promise<string> {
  const runtime = simRuntime({ seed: 1 })
  const network = new MemoryNetwork({ runtime })
  network.path(HOSTS.dsl, SERVER).set({ rateBps: 16e6, delayMs: 10 })
  network.path(HOSTS.lte, SERVER).set({ rateBps: 32e6, delayMs: 25, jitterMs: 5 })

  const pool = new Mempool()
  const tuns = { client: memoryTun({ pool }), server: memoryTun({ pool }) }
  const createFragmenter = () => fragmenter({ pool })
  const common = { runtime, pool, createScheduler, createFragmenter }
  const transport = memoryTransport(network, { pool })
  const endpoint = `${SERVER}:7000`
  const server = new TunnelServer({ ...common, tun: tuns.server, listen: [{ transport, endpoint }] })
  const paths = [
    { name: 'dsl', transport, endpoint, localAddress: HOSTS.dsl, weight: 1 },
    { name: 'lte', transport, endpoint, localAddress: HOSTS.lte, weight: 2 },
  ]
  const client = new TunnelClient({ ...common, tun: tuns.client, paths })
  await server.start()
  client.start()
  await runtime.advance(200)

  // 40 Mbit/s for a second: more than either line can carry alone.
  const flow = { src: '10.1.0.2', dst: '10.1.0.1', srcPort: 40_000, dstPort: 5201 }
  const packet = udpPacket({ ...flow, payload: new Uint8Array(1222) })
  for (let sent = 0; sent < PACKETS; sent += 4) {
    for (let burst = 0; burst < 4; burst++) tuns.client.inject(packet)
    await runtime.advance(1)
  }
  await runtime.advance(200)

  const table = client.stats().sessions[0]!.paths.map(({ name, weight, txBytes, prober }) => {
    const [megabytes, ms] = [(txBytes / 1e6).toFixed(2), prober.minRttMs?.toFixed(0)]
    return `${name}  weight ${weight}  ${megabytes} MB  ${ms} ms`
  })
  await client.close()
  await server.close()
  return [...table, `${tuns.server.received.length} of ${PACKETS} packets arrived`].join('\n')
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${await main()}\n`)
