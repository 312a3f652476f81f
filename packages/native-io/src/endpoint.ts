import type { PacketBatch, PacketPool } from '@mp/interface'
import type { Binding, Handle, HandleMemory } from './binding.ts'
import { errorName, NativeIoError } from './errors.ts'
import {
  COUNTER,
  COUNTERS,
  MORE,
  MORE_LEFT,
  READABLE,
  READY_ROWS,
  STATE,
  STATE_WORDS,
  WRITABLE,
} from './layout.ts'
import { ReceiveRows } from './receive-rows.ts'

/** Calls of `receive` per wake-up: a busy device must not keep timers and other devices waiting. */
const MAX_ROUNDS = 4
/** For the same reason no call follows once this many packets have come. */
const ENOUGH_PACKETS = 256

/** What an {@link Endpoint} tells its owner. */
export interface EndpointHandler {
  onBatch(batch: PacketBatch): void
  onWritable(): void
  onUnreachable(peer: number, code: string): void
  onClose(error?: Error): void
}

export interface EndpointOptions {
  readonly binding: Binding
  readonly pool: PacketPool
  readonly batchSize: number
  /** Bytes at the end of a slot that a received packet may not use. */
  readonly reserveBytes: number
  /** Slots to hold while there is little to receive. Default: `batchSize`. */
  readonly idleRows?: number
  /**
   * Whether slots for what comes next are held between wake-ups, which saves a call at each. Not where there may be many
   * endpoints, or a stranger at the other end: silent ones would hold all slots there are. Default true.
   */
  readonly holdsSlots?: boolean
  readonly open: (memory: HandleMemory) => Handle
  /** Told instead of a handler that is not there yet that the endpoint is writable: a connection is made, or failed. */
  readonly onConnected?: () => void
}

/** What a socket and a TUN device have in common: memory, receive rounds, sending, counters and their end. */
export class Endpoint {
  readonly handle: Handle
  readonly counters: Float64Array = new Float64Array(COUNTERS)
  readonly state: Int32Array = new Int32Array(STATE_WORDS)
  readonly #binding: Binding
  readonly #pool: PacketPool
  readonly #rows: ReceiveRows
  readonly #holdsSlots: boolean
  readonly #onConnected: (() => void) | undefined
  /** What was sent from last: the addon uses it without asking. */
  #table: Int32Array | undefined
  #handler: EndpointHandler | undefined
  #closing: Promise<void> | undefined
  #soon: NodeJS.Immediate | undefined

  constructor(options: EndpointOptions) {
    this.#binding = options.binding
    this.#pool = options.pool
    this.#onConnected = options.onConnected
    this.#rows = new ReceiveRows(options.pool, options.batchSize, options.reserveBytes, options.idleRows)
    this.#holdsSlots = options.holdsSlots ?? true
    this.handle = options.open({
      arena: options.pool.arena,
      table: this.#rows.batch.table,
      counters: this.counters,
      state: this.state,
      onReady: (events, received) => this.#handleReady(events, received),
    })
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  start(handler: EndpointHandler): void {
    if (this.#handler !== undefined) throw new Error('start was called before: it is called once')
    if (this.closed) throw new Error('start was called after close')
    this.#handler = handler
    this.#binding.start(this.handle)
  }

  /** Sends from the front of `batch` and releases what is done with. @returns how many that were. */
  send(batch: PacketBatch): number {
    if (this.closed) return this.#drop(batch)
    const done = this.#sendFrom(batch.table, batch.count)
    for (let row = 0; row < done; row++) this.#pool.release(batch.slot[row]!)
    batch.dropFront(done)
    this.#reportEvents()
    return done
  }

  /** To have the addon look at a table costs as much as to send a packet, and mostly it is the one of the call before. */
  #sendFrom(table: Int32Array, rows: number): number {
    if (table === this.#table) return this.#binding.send(this.handle, rows)
    this.#table = table
    return this.#binding.send(this.handle, rows, table)
  }

  #drop(batch: PacketBatch): number {
    const { count } = batch
    this.counters[COUNTER.closed]! += count
    this.#pool.releaseAll(batch)
    return count
  }

  /** @returns a promise that ends after `onClose`. */
  close(error?: Error): Promise<void> {
    this.#closing ??= this.#close(error)
    return this.#closing
  }

  async #close(cause?: Error): Promise<void> {
    this.#binding.close(this.handle)
    clearImmediate(this.#soon)
    this.#rows.release()
    await Promise.resolve()
    this.#handler?.onClose(cause)
  }

  #handleReady(events: number, received: number): void {
    if ((events & READABLE) !== 0)
      this.#receiveRounds(this.state[READY_ROWS] === 0 ? this.#receive() : received)
    if ((events & WRITABLE) === 0 || this.closed) return
    if (this.#handler === undefined) this.#onConnected?.()
    else this.#handler.onWritable()
  }

  #receive(): number {
    const ready = this.#rows.refill()
    this.state[READY_ROWS] = ready
    return this.#binding.receive(this.handle, ready)
  }

  /** Begins with what was received already. */
  #receiveRounds(first: number): void {
    let packets = 0
    let received = first
    for (let round = 1; ; round++) {
      const ready = this.state[READY_ROWS]!
      const more = ready > 0 && (received === ready || this.state[MORE_LEFT] !== MORE.none)
      this.#reportEvents()
      if (more) this.#rows.grow()
      if (received > 0) this.#deliver(received)
      if (received < 0) void this.close(goneError(-received))
      if (this.closed) return
      packets += received
      if (!more || round === MAX_ROUNDS || packets >= ENOUGH_PACKETS) break
      received = this.#receive()
    }
    this.#rows.settle(packets)
    this.#makeReady()
    if (this.state[MORE_LEFT] === MORE.held) this.#receiveSoon()
  }

  /** Says what the next wake-up may receive into before it calls. */
  #makeReady(): void {
    if (!this.#holdsSlots) this.#rows.release()
    this.state[READY_ROWS] = this.#holdsSlots ? this.#rows.refill() : 0
  }

  /** Of what is held here the event loop does not know. */
  #receiveSoon(): void {
    if (this.#soon !== undefined) return
    this.#soon = setImmediate(() => {
      this.#soon = undefined
      this.#receiveRounds(this.#receive())
    })
  }

  #deliver(packets: number): void {
    const batch = this.#rows.handOut(packets)
    try {
      this.#handler?.onBatch(batch)
    } finally {
      batch.count = 0
      // From here on peers of this batch that nobody pinned may be forgotten.
      this.state[STATE.guard]! += 1
    }
  }

  /** Later, not from within `send`: the handler may well send in answer. */
  #reportEvents(): void {
    const events = this.state[STATE.events]!
    for (let index = 0; index < events; index++) {
      const peer = this.state[STATE.eventPairs + 2 * index]!
      const code = errorName(this.state[STATE.eventPairs + 2 * index + 1]!)
      queueMicrotask(() => {
        if (!this.closed) this.#handler?.onUnreachable(peer, code)
      })
    }
  }
}

function goneError(errno: number): NativeIoError {
  const code = errorName(errno)
  return new NativeIoError(
    code,
    'read',
    `reading failed with ${code}: the device was deleted or the socket was taken away`,
  )
}
