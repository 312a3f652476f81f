import type { PacketBatch } from './batch.ts'
import type { Drops } from './drops.ts'

/**
 * A UDP socket that sends and receives batches. Remote addresses are numbers ("peers") in a bounded table of the
 * socket: column `peer` of a received batch says where a datagram came from, of a sent one where it goes.
 *
 * A peer that is not pinned may be forgotten when the table is full, and its number given to another address; it
 * is certain to stay valid only until the handler that was told of it returns. Pin what you keep.
 *
 * A peer stands for both ends: a socket bound to all addresses of its machine answers a peer from the one that it was
 * asked at, where it can, so a remote address that writes to two of them is two peers of the same `peerAddress`.
 */
export interface DatagramSocket {
  /** What runs behind the contract: `native`, `dgram`, `memory`. */
  readonly backend: string
  /** `ip:port`, or `[ip]:port` for IPv6. */
  readonly localAddress: string
  /** Most datagrams handed over in one call. */
  readonly batchSize: number
  /** Datagrams that are too large for the way to their peer get lost, and are not fragmented. Absent: they may be. */
  readonly dontFragment?: boolean
  /** Begins to receive. Called once. */
  start(handler: DatagramHandler): void
  /**
   * Sends datagrams from the front of `batch`, each to its `peer`. Taken slots belong to the socket, which releases
   * them; after a full socket buffer the rest stays in `batch`, still the caller's, and `onWritable` follows.
   * A datagram that can never go (too big, unreachable, unknown peer) is taken, dropped and counted.
   * @returns datagrams taken.
   */
  send(batch: PacketBatch): number
  /**
   * The number of a remote address `ip:port`, unpinned; -1 when the table is full of pinned ones. At a socket bound to
   * all addresses this may be another peer than those heard from there: the system chooses where its datagrams leave.
   */
  peer(address: string): number
  /** Remote `ip:port` of a peer, or undefined when the number is not in use. Several peers may have the same. */
  peerAddress(peer: number): string | undefined
  /** Keeps a peer's number from being reused; counted, so pin and unpin in pairs. */
  pin(peer: number): void
  unpin(peer: number): void
  stats(): DatagramStats
  close(): Promise<void>
}

/**
 * Who gets what a socket receives, and hears of its state. Its methods must not throw, and none is called from within
 * {@link DatagramSocket.send}.
 */
export interface DatagramHandler {
  /** Datagrams received, in order. Their slots now belong to the handler; the batch object does not. */
  onDatagrams(batch: PacketBatch): void
  /** `send` may take packets again after it left some behind. */
  onWritable(): void
  /**
   * The system says that `peer` cannot be reached now (`ENETUNREACH`, `ECONNREFUSED`, …), or with `EMSGSIZE` only that a
   * datagram was too large to be sent there. The socket stays open.
   */
  onUnreachable(peer: number, code: string): void
  /** Once, when the socket is gone. `error` is absent after {@link DatagramSocket.close}. */
  onClose(error?: Error): void
}

/** Counters since the socket was opened. */
export interface DatagramStats {
  readonly rxPackets: number
  readonly rxBytes: number
  readonly txPackets: number
  readonly txBytes: number
  /** Peers in the table now. */
  readonly peers: number
  readonly drops: Drops
}
