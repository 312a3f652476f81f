import { isIPv6 } from 'node:net'
import { constants } from 'node:os'
import type { DatagramHandler, DatagramSocket, DatagramStats, PacketBatch, PacketPool } from '@mp/interface'
import { explainFault } from '@mp/runtime-node'
import { parseAddress } from './address.ts'
import type { Binding, HandleMemory, UdpConfig } from './binding.ts'
import { Endpoint } from './endpoint.ts'
import { checkRange, errorName, opening } from './errors.ts'
import { COUNTER, GSO_REFUSED, STATE } from './layout.ts'
import { tellOffloadLoss } from './offload-loss.ts'

/** Wishes for a socket. */
export interface NativeSocketOptions {
  /** Where received datagrams go and sent ones come from. */
  readonly pool: PacketPool
  /** `ip:port` or `[ip]:port` to bind to. Default: any address of the family of `remote`, else IPv4, any port. */
  readonly local?: string
  /**
   * Connects to `ip:port`: only its datagrams arrive, it is the one peer, number 0 and pinned, and what ICMP says
   * about it comes as `onUnreachable`.
   */
  readonly remote?: string
  /** Network interface to use, whatever the routing table says. */
  readonly device?: string
  /** Mark of all that is sent, 1…2^32-1, for routing rules and firewalls; Linux only, needs CAP_NET_ADMIN. */
  readonly mark?: number
  /** Most datagrams handed over in one call, 1…1024. Default: a sixteenth of the pool, 128…384. */
  readonly batchSize?: number
  /** Most peers known at a time, 1…1 048 576. Default 4096; 1 with `remote`. */
  readonly peerCapacity?: number
  /** Wish for the receive buffer of the kernel, bytes. Beyond the limit of the system only when privileged. Default 4 MiB. */
  readonly receiveBufferBytes?: number
  /** The same for the send buffer. Default 4 MiB. */
  readonly sendBufferBytes?: number
  /** Several datagrams of one size to one peer go to the kernel as one (UDP_SEGMENT), where it can. Default true. */
  readonly gso?: boolean
  /** The kernel may hand over several datagrams as one (UDP_GRO), where it can. Default true. */
  readonly gro?: boolean
  /**
   * Datagrams are sent whole or not at all, whatever the path takes, where the system can (Linux). What the interface itself
   * does not take is told by `onUnreachable` with `EMSGSIZE`. Default false.
   */
  readonly dontFragment?: boolean
  /**
   * The ECN field of column `flags` is that of datagrams, sent and received, where the system can (Linux): see `PacketBatch`.
   * Otherwise all are sent as not capable of it, and the field is 0 in what comes. Default true.
   */
  readonly ecn?: boolean
}

/** What a socket makes use of. */
export interface Offloads {
  /** Sends several datagrams as one message. */
  readonly gso: boolean
  /** Receives several datagrams as one message. */
  readonly gro: boolean
  /** Why one that was wished for is off. */
  readonly reason?: string
  /** Messages given to the kernel so far; in each one datagram or several. */
  readonly sentMessages: number
  /** Messages taken from the kernel so far. */
  readonly receivedMessages: number
  /** Datagrams that were copied since they came in other sizes than expected. Far below all of them is good. */
  readonly movedPackets: number
}

/** A socket with what the kernel really gave it. */
export interface NativeSocket extends DatagramSocket {
  /** Receive buffer as the kernel reports it; Linux counts its own overhead in and says twice what it was asked for. */
  readonly receiveBufferBytes: number
  /** The same for the send buffer. */
  readonly sendBufferBytes: number
  /** A kernel or device that refuses segmentation later has it switched off, so this may change. */
  offloads(): Offloads
}

/** Eight joined messages of the usual frames: where a batch ends, what is written to a TUN in one piece may be cut in two. */
const USUAL_BATCH = 384
/** Of a small pool it is a sixteenth, since sockets of many paths share it, but no less than two joined messages and some. */
const BATCH_POOL_RATIO = 1 / 16
const MIN_USUAL_BATCH = 128
/** Slots of a socket that hears little. */
const IDLE_ROWS = 32
const MAX_BATCH = 1024
const DEFAULT_PEERS = 4096
const MAX_PEERS = 1_048_576
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024
const MAX_BUFFER_BYTES = 1024 * 1024 * 1024
/** Read once: behind the name of an error stands a search in all of them. */
const { ENOBUFS } = constants.errno
/** The socket counts as writable while the queue of the interface is full: look again after this long. */
const QUEUE_FULL_RETRY_MS = 1
const NO_SUCH_FAMILY = -2

function usualBatch({ capacity }: PacketPool): number {
  return Math.min(USUAL_BATCH, Math.max(MIN_USUAL_BATCH, Math.floor(capacity * BATCH_POOL_RATIO)))
}

function checked(options: NativeSocketOptions): Omit<UdpConfig, keyof HandleMemory | 'offloadReason'> {
  const remote = options.remote === undefined ? undefined : parseAddress(options.remote)
  const local = parseAddress(options.local ?? (isIPv6(remote?.host ?? '') ? '[::]:0' : '0.0.0.0:0'))
  const {
    batchSize = usualBatch(options.pool),
    peerCapacity = DEFAULT_PEERS,
    receiveBufferBytes: receiveBytes = DEFAULT_BUFFER_BYTES,
    sendBufferBytes: sendBytes = DEFAULT_BUFFER_BYTES,
    device,
    mark,
    gso = true,
    gro = true,
    dontFragment = false,
    ecn = true,
  } = options
  checkRange('batchSize', batchSize, [1, MAX_BATCH])
  checkRange('peerCapacity', peerCapacity, [1, MAX_PEERS])
  checkRange('receiveBufferBytes', receiveBytes, [1, MAX_BUFFER_BYTES])
  checkRange('sendBufferBytes', sendBytes, [1, MAX_BUFFER_BYTES])
  if (remote !== undefined) checkRange('port of remote', remote.port, [1, 65_535])
  if (device !== undefined) checkRange('length of device', Buffer.byteLength(device), [1, 15])
  if (mark !== undefined) checkRange('mark', mark, [1, 0xffff_ffff])
  return {
    localIp: local.host,
    localPort: local.port,
    remotePort: remote?.port ?? 0,
    ...(remote && { remoteIp: remote.host }),
    ...(device !== undefined && { device }),
    mark: (mark ?? 0) | 0,
    batchSize,
    peerCapacity,
    receiveBytes,
    sendBytes,
    gso: Number(gso),
    gro: Number(gro),
    dontFragment: Number(dontFragment),
    ecn: Number(ecn),
    localAddress: '',
  }
}

const socketAdvice = (code: string): string => explainFault({ code }).advice

function describe({ local, remote, device }: NativeSocketOptions): string {
  const parts = [
    local === undefined ? '' : ` at ${local}`,
    remote === undefined ? '' : ` to ${remote}`,
    device === undefined ? '' : ` on interface ${device}`,
  ]
  return `UDP socket${parts.join('')}`
}

class Socket implements NativeSocket {
  readonly backend = 'native'
  readonly batchSize: number
  readonly localAddress: string
  readonly dontFragment: boolean
  readonly receiveBufferBytes: number
  readonly sendBufferBytes: number
  readonly #binding: Binding
  readonly #endpoint: Endpoint
  readonly #config: UdpConfig
  #handler: DatagramHandler | undefined
  #overflowed = 0
  #retry: NodeJS.Timeout | undefined
  /** What sending in runs was refused with, as far as it was told; 0 while it was not. */
  #toldRefusal = 0

  constructor(binding: Binding, options: NativeSocketOptions) {
    const wishes = checked(options)
    let config: UdpConfig | undefined
    this.#binding = binding
    this.#endpoint = new Endpoint({
      binding,
      pool: options.pool,
      batchSize: wishes.batchSize,
      reserveBytes: 0,
      idleRows: IDLE_ROWS,
      open: (memory) => {
        config = { ...wishes, ...memory }
        const complete = config
        return opening(describe(options), socketAdvice, () => binding.openUdp(complete))
      },
    })
    this.#config = config!
    this.batchSize = wishes.batchSize
    this.localAddress = this.#config.localAddress
    this.dontFragment = this.#config.dontFragment === 1
    this.receiveBufferBytes = this.#config.receiveBytes
    this.sendBufferBytes = this.#config.sendBytes
  }

  start(handler: DatagramHandler): void {
    this.#endpoint.start({
      onBatch: (batch) => handler.onDatagrams(batch),
      onWritable: () => handler.onWritable(),
      onUnreachable: (peer, code) => handler.onUnreachable(peer, code),
      onClose: (error) => handler.onClose(error),
    })
    this.#handler = handler
  }

  send(batch: PacketBatch): number {
    const taken = this.#endpoint.send(batch)
    const { state } = this.#endpoint
    if (state[STATE.blocked] === ENOBUFS) this.#retryLater()
    if (state[GSO_REFUSED] !== this.#toldRefusal) this.#tellRefusal(state[GSO_REFUSED]!)
    return taken
  }

  #tellRefusal(errno: number): void {
    this.#toldRefusal = errno
    tellOffloadLoss({
      of: `UDP socket at ${this.localAddress}`,
      offloads: ['gso'],
      reason: refusalText(errno),
    })
  }

  /** @inheritDoc Throws TypeError for text that is no address of the socket's family. */
  peer(address: string): number {
    const { host, port } = parseAddress(address)
    if (this.#endpoint.closed) return -1
    const number = this.#binding.peer(this.#endpoint.handle, host, port)
    if (number !== NO_SUCH_FAMILY) return number
    throw new TypeError(
      `expected an IPv4 address, since the socket is bound to ${this.localAddress}, not ${address}`,
    )
  }

  peerAddress(peer: number): string | undefined {
    return this.#endpoint.closed ? undefined : this.#binding.peerAddress(this.#endpoint.handle, peer)
  }

  /** @inheritDoc Throws RangeError for a number that is not in use. */
  pin(peer: number): void {
    if (this.#endpoint.closed || this.#binding.pin(this.#endpoint.handle, peer, true)) return
    throw new RangeError(`cannot pin peer ${peer}: the number is not in use`)
  }

  /** @inheritDoc Throws RangeError for a peer that is not pinned. */
  unpin(peer: number): void {
    if (this.#endpoint.closed || this.#binding.pin(this.#endpoint.handle, peer, false)) return
    throw new RangeError(`cannot unpin peer ${peer}: it is not pinned`)
  }

  stats(): DatagramStats {
    const { counters, state } = this.#endpoint
    return {
      rxPackets: counters[COUNTER.rxPackets]!,
      rxBytes: counters[COUNTER.rxBytes]!,
      txPackets: counters[COUNTER.txPackets]!,
      txBytes: counters[COUNTER.txBytes]!,
      peers: state[STATE.peers]!,
      drops: {
        'pool-empty': counters[COUNTER.poolEmpty]!,
        'too-big': counters[COUNTER.tooBig]!,
        unreachable: counters[COUNTER.unreachable]!,
        'unknown-peer': counters[COUNTER.unknownPeer]!,
        'peer-table-full': counters[COUNTER.peersFull]!,
        'receive-buffer-full': this.#countOverflow(),
        'outside-arena': counters[COUNTER.outsideArena]!,
        closed: counters[COUNTER.closed]!,
      },
    }
  }

  offloads(): Offloads {
    const { counters, state } = this.#endpoint
    const { gso, gro, offloadReason } = this.#config
    const refused = state[GSO_REFUSED]!
    const reason = refused === 0 ? offloadReason : refusalText(refused)
    return {
      gso: gso === 1 && refused === 0,
      gro: gro === 1,
      ...(reason !== undefined && { reason }),
      sentMessages: counters[COUNTER.txMessages]!,
      receivedMessages: counters[COUNTER.rxMessages]!,
      movedPackets: counters[COUNTER.rxMoved]!,
    }
  }

  close(): Promise<void> {
    clearTimeout(this.#retry)
    this.#countOverflow()
    return this.#endpoint.close()
  }

  /** Of a closed socket the kernel knows nothing any more: what it said last. */
  #countOverflow(): number {
    if (!this.#endpoint.closed) this.#overflowed = this.#binding.overflowed(this.#endpoint.handle)
    return this.#overflowed
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      if (!this.#endpoint.closed) this.#handler?.onWritable()
    }, QUEUE_FULL_RETRY_MS)
  }
}

const refusalText = (errno: number): string => `sending failed with ${errorName(errno)}`

/** Opens a socket. Throws TypeError or RangeError for wrong options, else {@link NativeIoError}. */
export function openSocket(binding: Binding, options: NativeSocketOptions): NativeSocket {
  return new Socket(binding, options)
}
