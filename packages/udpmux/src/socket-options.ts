import type { DatagramSocket, PacketPool } from '@mp/interface'

/** How to open one UDP socket; the same for every backend. */
export interface SocketOptions {
  /** Where received datagrams go and sent ones come from. */
  readonly pool: PacketPool
  /** `ip:port` to bind to. Default: any address of the family of `remote` (else IPv4), a free port. */
  readonly local?: string
  /** `ip:port` to connect to: the socket then speaks with this address only. */
  readonly remote?: string
  /** Network interface to bind to. */
  readonly device?: string
  /** Mark of all that is sent, for routing rules and firewalls. */
  readonly mark?: number
  /** Most datagrams handed over in one call. Default: what the backend finds good. */
  readonly batchSize?: number
  /** Most remote addresses known at once. Default 4096; a connected socket has one. */
  readonly peerCapacity?: number
  /** Kernel buffer asked for, bytes; the system may give less. Default: what the backend finds good. */
  readonly receiveBufferBytes?: number
  /** Kernel buffer asked for, bytes; the system may give less. Default: what the backend finds good. */
  readonly sendBufferBytes?: number
  /** Several datagrams of one size may go to the kernel as one, natively and where it can. Default true. */
  readonly gso?: boolean
  /** The kernel may hand over several datagrams as one, natively and where it can. Default true. */
  readonly gro?: boolean
  /** Datagrams are not fragmented, natively and where the system can. Default false. */
  readonly dontFragment?: boolean
  /** The ECN field of column `flags` is that of datagrams, natively and where the system can. Default true. */
  readonly ecn?: boolean
}

/** Opens a socket that is bound already when it is handed over. Throws or rejects with a system error or a `UdpError`. */
export type SocketFactory = (options: SocketOptions) => DatagramSocket | Promise<DatagramSocket>
