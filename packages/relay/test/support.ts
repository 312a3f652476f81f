import type { DatagramSocket, PacketBatch } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { MemoryNetwork, simRuntime } from '@mp/testkit'
import type { SimRuntime } from '@mp/testkit'
import type { SocketFactory } from '@mp/udpmux'
import { relayEntry, relayExit } from '../src/index.ts'
import type { RelayEntry, RelayExit, RelayExitOptions } from '../src/index.ts'

const CLIENT = '10.99.0.2'
const SERVER = '10.99.0.1'
export const ENTRY = '127.0.0.1:51821'
export const TARGET = '192.0.2.9:51820'

/** A program with a UDP socket that keeps what it gets. */
export class Program {
  readonly heard: { readonly from: string; readonly text: string }[] = []
  readonly socket: DatagramSocket
  readonly #pool: Mempool

  constructor(network: MemoryNetwork, pool: Mempool, address: string) {
    this.#pool = pool
    this.socket = network.open(address, { pool })
    this.socket.start({
      onDatagrams: (batch) => this.#take(batch),
      onWritable: () => {},
      onUnreachable: () => {},
      onClose: () => {},
    })
  }

  send(to: string, ...texts: readonly string[]): void {
    const batch = this.#pool.createBatch(texts.length)
    for (const text of texts) {
      const bytes = new TextEncoder().encode(text)
      const slot = this.#pool.acquire()
      this.#pool.arena.set(bytes, this.#pool.offsetOf(slot))
      batch.push(slot, this.#pool.offsetOf(slot), bytes.length)
      batch.peer[batch.count - 1] = this.socket.peer(to)
    }
    this.socket.send(batch)
  }

  get texts(): readonly string[] {
    return this.heard.map(({ text }) => text)
  }

  #take(batch: PacketBatch): void {
    for (let row = 0; row < batch.count; row++) {
      const from = batch.offset[row]!
      const text = new TextDecoder().decode(this.#pool.arena.subarray(from, from + batch.length[row]!))
      this.heard.push({ from: this.socket.peerAddress(batch.peer[row]!) ?? '', text })
    }
    this.#pool.releaseAll(batch)
  }
}

/** An entry and an exit with nothing between them, a target, and programs. */
export interface World {
  readonly runtime: SimRuntime
  readonly network: MemoryNetwork
  readonly pool: Mempool
  readonly entry: RelayEntry
  readonly exit: RelayExit
  readonly target: Program
  readonly program: (address: string) => Program
  /** Packets between the two, as they went over. */
  readonly packets: Uint8Array[]
}

export interface WorldOptions extends Partial<Pick<RelayExitOptions, 'maxFlows' | 'idleMs' | 'onError'>> {
  /** What the sockets of the exit are opened with. Default: at once. */
  readonly openExit?: (open: () => DatagramSocket) => DatagramSocket | Promise<DatagramSocket>
  readonly entryFlows?: number
}

export async function createWorld({ openExit, entryFlows, ...options }: WorldOptions = {}): Promise<World> {
  const runtime = simRuntime({ seed: 1 })
  const network = new MemoryNetwork({ runtime })
  const pool = new Mempool()
  const packets: Uint8Array[] = []
  const openSocket: SocketFactory = ({ local, remote, peerCapacity = 1024 }) => {
    const socket = network.open(local ?? '192.0.2.1:0', { pool, maxPeers: peerCapacity })
    if (remote !== undefined) socket.connect(remote)
    return socket
  }
  const common = { pool, runtime, ...options }
  const entry = await relayEntry({
    ...common,
    ...(entryFlows !== undefined && { maxFlows: entryFlows }),
    openSocket,
    listen: ENTRY,
    localAddress: CLIENT,
    remoteAddress: SERVER,
  })
  const exit = relayExit({
    ...common,
    openSocket: (wishes) => {
      const open = (): DatagramSocket => openSocket(wishes) as DatagramSocket
      return openExit === undefined ? open() : openExit(open)
    },
    target: TARGET,
    localAddress: SERVER,
  })
  const record = (batch: PacketBatch): void => {
    for (let row = 0; row < batch.count; row++) {
      const from = batch.offset[row]!
      packets.push(pool.arena.slice(from, from + batch.length[row]!))
    }
  }
  const into = (device: RelayEntry | RelayExit) => ({
    onPackets: (batch: PacketBatch) => {
      record(batch)
      device.write(batch)
    },
    onClose: () => {},
  })
  entry.start(into(exit))
  exit.start(into(entry))
  const program = (address: string): Program => new Program(network, pool, address)
  return { runtime, network, pool, entry, exit, packets, program, target: program(TARGET) }
}
