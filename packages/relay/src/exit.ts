import type { DatagramSocket, Drops, PacketBatch } from '@mp/interface'
import { sumOfDrops } from '@mp/udpmux'
import type { SocketFactory } from '@mp/udpmux'
import { RELAY_PORT, ipv4Bits } from './envelope.ts'
import { ExitFlow } from './exit-flow.ts'
import type { ExitFlowOwner } from './exit-flow.ts'
import { RelayDevice } from './relay-device.ts'
import type { RelayOptions } from './relay-device.ts'

/** What an exit is made of. */
export interface RelayExitOptions extends RelayOptions {
  readonly openSocket: SocketFactory
  /** Where the datagrams of all flows go, `ip:port`. */
  readonly target: string
  /** Own IPv4 address inside the tunnel. */
  readonly localAddress: string
  /** A flow got no socket. Its datagrams are dropped as `no-socket`; the next one tries again. */
  readonly onError?: (error: unknown) => void
}

/** Datagrams of a flow on their way to its socket. */
const FLOW_ROWS = 64

/**
 * Opens the end of a relay that talks to the target. Nothing is sent before the first datagram comes. Throws RangeError
 * for an option out of its range.
 */
export function relayExit(options: RelayExitOptions): RelayExit {
  return new RelayExit(options)
}

/** See {@link relayExit}. */
export class RelayExit extends RelayDevice implements ExitFlowOwner {
  readonly backend = 'relay-exit'
  readonly #options: RelayExitOptions
  readonly #local: number
  readonly #flows = new Map<number, ExitFlow>()
  /** Flows that are over and whose socket is being closed, and what those dropped that are closed. */
  readonly #ending = new Set<ExitFlow>()
  #pastDrops: Drops = {}
  /** The flow of the last packet: packets come in runs. */
  #recent: ExitFlow | undefined

  /** Use {@link relayExit}. */
  constructor(options: RelayExitOptions) {
    super(options)
    this.#options = options
    this.#local = ipv4Bits(options.localAddress)
  }

  write(batch: PacketBatch): number {
    const { count } = batch
    const nowMs = this.runtime.nowMs()
    let last: ExitFlow | undefined
    for (let row = 0; row < count; row++) {
      const flow = this.#flowFor(batch, row, nowMs)
      if (last !== undefined && flow !== last) this.#flush(last)
      last = flow
      if (flow !== undefined) this.#append(flow, batch, row)
    }
    batch.count = 0
    if (last !== undefined) this.#flush(last)
    return count
  }

  handleReply(flow: ExitFlow, batch: PacketBatch): void {
    const { envelope } = this
    flow.usedMs = this.runtime.nowMs()
    envelope.source = this.#local
    envelope.sourcePort = RELAY_PORT
    envelope.destination = flow.client
    envelope.destinationPort = flow.port
    for (let row = 0; row < batch.count; row++) envelope.put(batch, row)
    this.read(batch)
  }

  handleFlowEnd(flow: ExitFlow): void {
    this.#forget(flow)
  }

  protected forgetIdle(sinceMs: number): void {
    for (const flow of this.#flows.values()) if (flow.usedMs <= sinceMs) this.#forget(flow)
  }

  protected socketDrops(): Drops {
    let drops = this.#pastDrops
    for (const flow of [...this.#flows.values(), ...this.#ending]) drops = sumOfDrops(drops, flow.drops)
    return drops
  }

  protected async closeSockets(): Promise<void> {
    const flows = [...this.#flows.values()]
    for (const flow of flows) this.dropAll(flow.out, 'closed')
    this.#flows.clear()
    await Promise.all(flows.map((flow) => this.#end(flow)))
  }

  /** Makes of the packet in `row` a datagram, and says whose. What is nobody's is dropped. */
  #flowFor(batch: PacketBatch, row: number, nowMs: number): ExitFlow | undefined {
    const { envelope } = this
    const slot = batch.slot[row]!
    if (!envelope.takeOff(batch, row)) return this.drop(slot, 'malformed')
    const { source: client, sourcePort: port } = envelope
    const isOurs = envelope.destination === this.#local && envelope.destinationPort === RELAY_PORT
    if (!isOurs || this.isClosed) return this.drop(slot, 'unknown-flow')
    if (this.#recent?.client !== client || this.#recent.port !== port) {
      this.#recent = this.#flows.get(keyOf(client, port)) ?? this.#begin(client, port)
    }
    if (this.#recent === undefined) return this.drop(slot, this.#whyNoFlow())
    this.#recent.usedMs = nowMs
    return this.#recent
  }

  #append(flow: ExitFlow, batch: PacketBatch, row: number): void {
    if (flow.out.count === flow.out.capacity) this.#flush(flow)
    if (!batch.copyRow(row, flow.out)) this.drop(batch.slot[row]!, 'flow-opening')
  }

  #flush(flow: ExitFlow): void {
    if (flow.isOpen) this.emit(flow.out, flow)
  }

  #begin(client: number, port: number): ExitFlow | undefined {
    if (this.#flows.size >= this.maxFlows) return undefined
    const flow = new ExitFlow(this, {
      client,
      port,
      out: this.pool.createBatch(FLOW_ROWS),
      usedMs: this.runtime.nowMs(),
    })
    this.#flows.set(keyOf(client, port), flow)
    void this.#open(flow)
    // A socket that was refused at once has ended the flow.
    return flow.isClosed ? undefined : flow
  }

  #whyNoFlow(): string {
    return this.#flows.size >= this.maxFlows ? 'flow-limit' : 'no-socket'
  }

  async #open(flow: ExitFlow): Promise<void> {
    const { openSocket, target } = this.#options
    try {
      const opened = openSocket({ pool: this.pool, remote: target })
      flow.attach(isSocket(opened) ? opened : await opened, target)
      this.#flush(flow)
    } catch (error) {
      this.dropAll(flow.out, 'no-socket')
      this.#forget(flow)
      this.#options.onError?.(error)
    }
  }

  #forget(flow: ExitFlow): void {
    this.dropAll(flow.out, 'flow-closed')
    if (this.#recent === flow) this.#recent = undefined
    const key = keyOf(flow.client, flow.port)
    // Another one may have begun while the socket of this one was still being opened.
    if (this.#flows.get(key) === flow) this.#flows.delete(key)
    void this.#end(flow)
  }

  async #end(flow: ExitFlow): Promise<void> {
    this.#ending.add(flow)
    await flow.close()
    this.#ending.delete(flow)
    this.#pastDrops = sumOfDrops(this.#pastDrops, flow.drops)
  }
}

/** Address and port as one whole number. */
function keyOf(client: number, port: number): number {
  return (client >>> 0) * 65_536 + port
}

function isSocket(opened: DatagramSocket | Promise<DatagramSocket>): opened is DatagramSocket {
  return 'send' in opened
}
