import type { NetworkHandler, NetworkWatch } from '@mp/interface'
import type { Binding, Handle } from '../binding.ts'
import { errorName, NativeIoError, opening } from '../errors.ts'
import { COLUMN, COLUMNS, COUNTERS, STATE_WORDS } from '../layout.ts'
import { InterfaceTable } from './interface-table.ts'
import { dumpRequest, messagesIn } from './messages.ts'

/** The kernel puts at most 32 KiB into a datagram. */
const DATAGRAM_BYTES = 65_536
/** Room for a request behind what is received. */
const REQUEST_BYTES = 64
/** Datagrams per wake-up: changes of thousands of routes must not keep timers and sockets waiting. */
const MAX_DATAGRAMS = 64

const advice = (code: string): string => `the system says ${code}`

/** Hears from the kernel what becomes of interfaces, at once. */
export class NetlinkWatch implements NetworkWatch {
  readonly backend = 'netlink'
  readonly #binding: Binding
  readonly #handle: Handle
  readonly #memory: Uint8Array = new Uint8Array(DATAGRAM_BYTES + REQUEST_BYTES)
  readonly #row: Int32Array = new Int32Array(COLUMNS)
  readonly #table = new InterfaceTable()
  #handler: NetworkHandler | undefined
  /** What is being told, and what is to be asked then; empty when the table is whole. */
  readonly #questions: ('links' | 'addresses')[] = []
  #requestId = 0
  #told = ''
  #hasRoutes = false
  #isClosed = false

  /** Throws {@link NativeIoError} when the system refuses. */
  constructor(binding: Binding) {
    this.#binding = binding
    const memory = {
      arena: this.#memory,
      table: this.#row,
      counters: new Float64Array(COUNTERS),
      state: new Int32Array(STATE_WORDS),
      onReady: () => this.#handleReady(),
    }
    this.#handle = opening('netlink socket', advice, () => binding.openNetlink(memory))
  }

  start(handler: NetworkHandler): void {
    if (this.#handler !== undefined) throw new Error('start was called before: it is called once')
    if (this.#isClosed) throw new Error('start was called after close')
    this.#handler = handler
    this.#binding.start(this.#handle)
    this.#count()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#binding.close(this.#handle)
  }

  #handleReady(): void {
    for (let datagrams = 0; datagrams < MAX_DATAGRAMS; datagrams++) {
      this.#setRow(0, DATAGRAM_BYTES)
      const received = this.#binding.receive(this.#handle, 1)
      if (received < 0) this.#handleFault(-received)
      if (received <= 0) break
      this.#handleDatagram(this.#memory.subarray(0, this.#row[COLUMN.length]))
    }
    this.#tell()
  }

  #handleDatagram(datagram: Uint8Array): void {
    for (const message of messagesIn(datagram)) {
      if (message.kind === 'route') this.#hasRoutes = true
      else if (message.kind !== 'done') this.#table.handle(message)
      else if (message.id === this.#requestId) this.#handleDone(message.isWhole)
    }
  }

  #handleDone(isWhole: boolean): void {
    if (!isWhole) return this.#count()
    this.#questions.shift()
    if (this.#questions.length > 0) this.#ask()
    else this.#table.endCount()
  }

  /** More happened than the queue of the socket holds. All else is a fault of ours. */
  #handleFault(errno: number): void {
    const code = errorName(errno)
    if (code !== 'ENOBUFS') throw new NativeIoError(code, 'recvfrom', `reading netlink failed with ${code}`)
    this.#hasRoutes = true
    this.#count()
  }

  /** Has the kernel tell all anew. */
  #count(): void {
    this.#table.beginCount()
    this.#questions.splice(0, Infinity, 'links', 'addresses')
    this.#ask()
  }

  #ask(): void {
    const request = dumpRequest(this.#questions[0]!, ++this.#requestId)
    this.#memory.set(request, DATAGRAM_BYTES)
    this.#setRow(DATAGRAM_BYTES, request.length)
    this.#binding.send(this.#handle, 1, this.#row)
  }

  #tell(): void {
    if (this.#questions.length > 0) return
    const interfaces = this.#table.interfaces()
    const text = JSON.stringify(interfaces)
    const hasRoutes = this.#hasRoutes
    this.#hasRoutes = false
    if (text !== this.#told) {
      this.#told = text
      this.#handler?.onInterfaces(interfaces)
    }
    if (hasRoutes && !this.#isClosed) this.#handler?.onRoutes()
  }

  #setRow(offsetBytes: number, lengthBytes: number): void {
    this.#row[COLUMN.offset] = offsetBytes
    this.#row[COLUMN.length] = lengthBytes
  }
}
