import type { DatagramHandler, DatagramSocket, Drops, PacketBatch } from '@mp/interface'

/** What an {@link ExitFlow} tells the exit. */
export interface ExitFlowOwner {
  /** Datagrams came back from the target: slots and all belong to the owner, but for the batch. */
  handleReply(flow: ExitFlow, batch: PacketBatch): void
  /** The socket is gone. */
  handleFlowEnd(flow: ExitFlow): void
}

/** One relayed flow at the exit: a socket of its own, so that the target can tell flows apart and answer each. */
export class ExitFlow implements DatagramHandler {
  /** Who began it: address, as 32 bits, and port inside the tunnel. */
  readonly client: number
  readonly port: number
  /** Datagrams for the target. They wait here while the socket is opened. */
  readonly out: PacketBatch
  usedMs: number
  readonly #owner: ExitFlowOwner
  #socket: DatagramSocket | undefined
  #target = -1
  #isClosed = false

  constructor(owner: ExitFlowOwner, from: Pick<ExitFlow, 'client' | 'port' | 'out' | 'usedMs'>) {
    this.#owner = owner
    this.client = from.client
    this.port = from.port
    this.out = from.out
    this.usedMs = from.usedMs
  }

  get isOpen(): boolean {
    return this.#socket !== undefined
  }

  /** What its socket dropped. */
  get drops(): Drops {
    return this.#socket?.stats().drops ?? {}
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The socket is there. One that comes too late is closed. */
  attach(socket: DatagramSocket, target: string): void {
    if (this.#isClosed) return void socket.close()
    this.#socket = socket
    this.#target = socket.peer(target)
    socket.start(this)
  }

  /** Sends from the front of {@link out}. @returns datagrams taken. */
  send(out: PacketBatch): number {
    for (let row = 0; row < out.count; row++) out.peer[row] = this.#target
    return this.#socket?.send(out) ?? 0
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#socket?.close() ?? Promise.resolve()
  }

  onDatagrams(batch: PacketBatch): void {
    this.#owner.handleReply(this, batch)
  }

  onWritable(): void {}

  onUnreachable(): void {}

  onClose(): void {
    if (!this.#isClosed) this.#owner.handleFlowEnd(this)
  }
}
