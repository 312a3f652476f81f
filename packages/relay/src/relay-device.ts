import type {
  DatagramSocket,
  Drops,
  PacketBatch,
  PacketPool,
  Runtime,
  Timer,
  TunDevice,
  TunHandler,
  TunStats,
} from '@mp/interface'
import { systemRuntime } from '@mp/runtime-node'
import { sumOfDrops } from '@mp/udpmux'
import { ENVELOPE_BYTES, Envelope } from './envelope.ts'

/** What both ends of a relay are made of. */
export interface RelayOptions {
  /** Where datagrams live: with at least 28 bytes of headroom, for the headers they get. */
  readonly pool: PacketPool
  /** Clock and timers. Default: those of the system. */
  readonly runtime?: Runtime
  /** A flow without a datagram in either direction is forgotten after this long, ms, > 0. Default 180 000. */
  readonly idleMs?: number
  /** Most flows at once, 1…65 535; datagrams of further ones are dropped as `flow-limit`. Default 1024. */
  readonly maxFlows?: number
}

const DEFAULT_IDLE_MS = 180_000
const DEFAULT_MAX_FLOWS = 1024
/** How often idle flows are looked for: this often within the time they have. */
const SWEEPS = 6

/** What the two ends of a relay share: to the tunnel they are TUN devices, whatever is behind them. */
export abstract class RelayDevice implements TunDevice {
  readonly name = 'relay'
  abstract readonly backend: string
  readonly mtuBytes: number
  protected readonly pool: PacketPool
  protected readonly runtime: Runtime
  protected readonly envelope: Envelope
  protected readonly idleMs: number
  protected readonly maxFlows: number
  readonly #drops: Record<string, number> = {}
  readonly #counts = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 }
  #handler: TunHandler | undefined
  /** Why the device is of no use. */
  #fault: Error | undefined
  #sweep: Timer | undefined
  #closing: Promise<void> | undefined

  /** Throws RangeError for an option out of its range. */
  constructor(options: RelayOptions) {
    const {
      pool,
      runtime = systemRuntime(),
      idleMs = DEFAULT_IDLE_MS,
      maxFlows = DEFAULT_MAX_FLOWS,
    } = options
    if (!(Number.isInteger(maxFlows) && maxFlows >= 1 && maxFlows <= 65_535))
      throw new RangeError(`expected maxFlows to be an integer from 1 to 65535, found ${maxFlows}`)
    if (!(idleMs > 0)) throw new RangeError(`expected idleMs to be above 0, found ${idleMs}`)
    if (pool.headroomBytes < ENVELOPE_BYTES) {
      throw new RangeError(
        `expected a pool with ${ENVELOPE_BYTES} bytes of headroom for IP and UDP headers, found ${pool.headroomBytes}`,
      )
    }
    this.pool = pool
    this.runtime = runtime
    this.envelope = new Envelope(pool.arena)
    this.idleMs = idleMs
    this.maxFlows = maxFlows
    this.mtuBytes = pool.packetBytes
  }

  start(handler: TunHandler): void {
    if (this.isClosed) return handler.onClose(this.#fault)
    this.#handler = handler
    this.#armSweep()
  }

  abstract write(batch: PacketBatch): number

  stats(): TunStats {
    return { ...this.#counts, drops: sumOfDrops(this.#drops, this.socketDrops()) }
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown()
    return this.#closing
  }

  protected get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Forgets the flows that were silent since `sinceMs`. */
  protected abstract forgetIdle(sinceMs: number): void

  /** What all sockets dropped, those that are closed included: nobody else tells of it. */
  protected abstract socketDrops(): Drops

  /** Lets go of all sockets. */
  protected abstract closeSockets(): Promise<void>

  /** The device is of no use any more. */
  protected fail(error: Error): void {
    if (this.isClosed) return
    this.#fault = error
    this.#handler?.onClose(error)
    this.#handler = undefined
    void this.close()
  }

  /** Hands what came out of sockets, in its envelopes, to the tunnel. */
  protected read(batch: PacketBatch): void {
    const handler = this.#handler
    if (batch.count === 0) return
    if (handler === undefined) return this.dropAll(batch, 'closed')
    this.#counts.rxPackets += batch.count
    this.#counts.rxBytes += batch.sumOfLengths()
    handler.onPackets(batch)
  }

  /** Sends `batch` through `socket`; as with UDP, what that does not take is lost. */
  protected emit(batch: PacketBatch, socket: Pick<DatagramSocket, 'send'>): void {
    const offeredBytes = batch.sumOfLengths()
    this.#counts.txPackets += socket.send(batch)
    this.#counts.txBytes += offeredBytes - batch.sumOfLengths()
    this.dropAll(batch, 'socket-full')
  }

  protected drop(slot: number, reason: string): undefined {
    this.pool.release(slot)
    this.#drops[reason] = (this.#drops[reason] ?? 0) + 1
  }

  protected dropAll(batch: PacketBatch, reason: string): void {
    for (let row = 0; row < batch.count; row++) this.drop(batch.slot[row]!, reason)
    batch.count = 0
  }

  #armSweep(): void {
    this.#sweep = this.runtime.setTimer(this.runtime.nowMs() + this.idleMs / SWEEPS, () => {
      this.forgetIdle(this.runtime.nowMs() - this.idleMs)
      this.#armSweep()
    })
  }

  async #shutDown(): Promise<void> {
    this.#sweep?.cancel()
    await this.closeSockets()
    this.#handler?.onClose()
    this.#handler = undefined
  }
}
