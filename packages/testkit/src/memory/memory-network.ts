import type { DatagramSocket, Drops, Runtime } from '@mp/interface'
import { DropCounter } from '../drop-counter.ts'
import type { Line, LineOptions, LineStats } from '../netem/index.ts'
import { seededRandom, type Random } from '../random.ts'
import { headerBytesFor, hostOfIp, NetworkError, parseAddress } from './address.ts'
import { DatagramStore } from './datagram-store.ts'
import { MemorySocket, type MemorySocketOptions, type SendOutcome } from './memory-socket.ts'
import { NetworkLine, type LineOwner } from './network-line.ts'

/** What a memory network is like. */
export interface MemoryNetworkOptions {
  /** Its clock; a simulated one makes the network deterministic. */
  readonly runtime: Runtime
  /** What every line is like until it is changed. Default: as fast as can be, and faultless. */
  readonly line?: LineOptions
  /** Seed of all chance on its lines. Default 1. */
  readonly seed?: number
  /** Most datagrams under way at once; more are dropped as `network-full`. Default 65 536. */
  readonly maxDatagrams?: number
}

/** The two lines between a pair of hosts. */
export interface NetworkPath {
  /** Changes both directions. Throws RangeError for a value out of range. */
  set(changes: LineOptions): void
  /** Changes the direction from the first host to the second. */
  setForward(changes: LineOptions): void
  /** Changes the direction from the second host to the first. */
  setBackward(changes: LineOptions): void
  /** From now on everything vanishes, silently, both ways. */
  cut(): void
  /** Undoes `cut` and `unreachable`. */
  restore(): void
  /** From now on senders at both ends are told `code`. Default `ENETUNREACH`. */
  unreachable(code?: string): void
  stats(): { readonly forward: LineStats; readonly backward: LineStats }
  /** What both directions are like now. */
  lines(): { readonly forward: Line; readonly backward: Line }
}

const FIRST_EPHEMERAL_PORT = 49_152
const LAST_PORT = 65_535

/**
 * Hosts, UDP sockets and lines between them, in memory. A host is a name or an IP address; there is a line for each
 * ordered pair of hosts, made when it is first needed. Datagrams are copied, as a wire does: sender and receiver
 * may have pools of their own.
 */
export class MemoryNetwork {
  readonly #runtime: Runtime
  readonly #random: Random
  readonly #lineOptions: LineOptions
  readonly #lineOwner: LineOwner
  /** By the host they lead from, then by the host they lead to. */
  readonly #lines = new Map<string, Map<string, NetworkLine>>()
  readonly #store: DatagramStore
  /** By the address others see; undefined where a NAT has forgotten who it was. */
  readonly #sockets = new Map<string, MemorySocket | undefined>()
  readonly #publicAddress = new Map<MemorySocket, string>()
  readonly #drops = new DropCounter()
  /** Sockets that get something now. */
  readonly #touched: MemorySocket[] = []
  #nextPort = FIRST_EPHEMERAL_PORT

  /** Throws RangeError when `line` is out of range. */
  constructor({ runtime, line = {}, seed = 1, maxDatagrams = 65_536 }: MemoryNetworkOptions) {
    this.#runtime = runtime
    this.#random = seededRandom(seed)
    this.#lineOptions = line
    this.#store = new DatagramStore(maxDatagrams)
    this.#lineOwner = {
      runtime,
      onDrop: (item) => this.#store.release(item),
      duplicate: (item) => this.#store.double(item),
      onArrival: (items) => this.#deliver(items),
    }
  }

  /** Datagrams under way now. */
  get flyingDatagrams(): number {
    return this.#store.size
  }

  /** Datagrams that arrived where nobody was: `no-socket`, or `nat-expired` after {@link MemoryNetwork.rebind}. */
  get drops(): Drops {
    return this.#drops.snapshot()
  }

  /**
   * Opens a socket at `address`; port 0 means any free one.
   * Throws {@link NetworkError}: `EINVAL` for a malformed address, `EADDRINUSE` for one that is taken.
   */
  open(address: string, options: MemorySocketOptions): MemorySocket {
    const asked = parseAddress(address)
    const port = asked.port === 0 ? this.#freePort(asked.host) : asked.port
    const local = `${asked.host}:${port}`
    if (this.#sockets.get(local)) throw new NetworkError('EADDRINUSE', `${local} is in use`)
    const socket = new MemorySocket(this, { host: asked.host, port }, options)
    this.#sockets.set(local, socket)
    this.#publicAddress.set(socket, local)
    return socket
  }

  /** The lines between two hosts, such as `10.0.0.1` and `fd00::1`. */
  path(hostA: string, hostB: string): NetworkPath {
    const [a, b] = [hostOfIp(hostA), hostOfIp(hostB)]
    const forward = this.#line(a, b)
    const backward = this.#line(b, a)
    const setBoth = (changes: LineOptions): void => {
      forward.set(changes)
      backward.set(changes)
    }
    const refuseBoth = (code: string | undefined): void => {
      forward.refuse(code)
      backward.refuse(code)
    }
    return {
      set: setBoth,
      setForward: (changes) => forward.set(changes),
      setBackward: (changes) => backward.set(changes),
      cut: () => setBoth({ blackhole: true }),
      restore: () => {
        setBoth({ blackhole: false })
        refuseBoth(undefined)
      },
      unreachable: (code = 'ENETUNREACH') => refuseBoth(code),
      stats: () => ({ forward: forward.stats(), backward: backward.stats() }),
      lines: () => ({ forward: forward.line, backward: backward.line }),
    }
  }

  /**
   * A NAT between `local` and the others forgets its mapping: from now on they see the socket or link come from
   * `publicAddress` (default: a new port of the same host), and what they send to the old address vanishes.
   * Throws {@link NetworkError} with `EINVAL` when there is no such socket, `EADDRINUSE` when the address is taken.
   * @returns the new address.
   */
  rebind(local: { readonly localAddress: string }, publicAddress?: string): string {
    const entry = [...this.#publicAddress].find(([each]) => each.localAddress === local.localAddress)
    if (!entry) throw new NetworkError('EINVAL', `there is no socket at ${local.localAddress} to rebind`)
    const [socket, old] = entry
    const { host } = parseAddress(old)
    const fresh = publicAddress ?? `${host}:${this.#freePort(host)}`
    parseAddress(fresh)
    if (this.#sockets.get(fresh)) throw new NetworkError('EADDRINUSE', `${fresh} is in use`)
    this.#sockets.set(old, undefined)
    this.#sockets.set(fresh, socket)
    this.#publicAddress.set(socket, fresh)
    return fresh
  }

  /** A socket sends; its datagram is copied. */
  carry(sender: MemorySocket, to: string, content: Uint8Array): SendOutcome {
    const line = this.#line(sender.host, this.#sockets.get(to)?.host ?? to.slice(0, to.lastIndexOf(':')))
    if (line.unreachable !== undefined) {
      const code = line.unreachable
      this.#runtime.setTimer(this.#runtime.nowMs(), () => sender.refuse(to, code))
      return 'unreachable'
    }
    const lengthBytes = content.length + headerBytesFor(sender.host)
    if (line.blocks(sender, lengthBytes)) return 'blocked'
    const from = this.#publicAddress.get(sender) as string
    const item = this.#store.put(content, { sender, from, to })
    if (item < 0) return 'network-full'
    line.push(item, lengthBytes)
    return 'sent'
  }

  /** A socket closes. */
  forget(socket: MemorySocket): void {
    this.#sockets.delete(this.#publicAddress.get(socket) as string)
    this.#publicAddress.delete(socket)
  }

  #deliver(items: readonly number[]): void {
    const touched = this.#touched
    for (const item of items) {
      const { to, from, bytes, lengthBytes, sender } = this.#store.at(item)
      const socket = this.#sockets.get(to)
      if (socket) {
        if (!touched.includes(socket)) touched.push(socket)
        socket.receive(bytes.subarray(0, lengthBytes), from)
      } else if (this.#sockets.has(to)) {
        this.#drops.add('nat-expired')
      } else {
        this.#drops.add('no-socket')
        sender.refuse(to, 'ECONNREFUSED')
      }
      this.#store.release(item)
    }
    // What a socket hands on may make others send, but nothing arrives before this is done.
    for (const socket of touched) socket.flush()
    touched.length = 0
  }

  #line(from: string, to: string): NetworkLine {
    let lines = this.#lines.get(from)
    if (!lines) this.#lines.set(from, (lines = new Map()))
    let line = lines.get(to)
    if (!line) {
      line = new NetworkLine(this.#lineOptions, seededRandom(this.#random() * 2 ** 32), this.#lineOwner)
      lines.set(to, line)
    }
    return line
  }

  #freePort(host: string): number {
    for (let tries = FIRST_EPHEMERAL_PORT; tries <= LAST_PORT; tries++) {
      const port = this.#nextPort
      this.#nextPort = port === LAST_PORT ? FIRST_EPHEMERAL_PORT : port + 1
      if (!this.#sockets.has(`${host}:${port}`)) return port
    }
    throw new NetworkError('EADDRINUSE', `${host} has no free port`)
  }
}

/** Opens a UDP socket at `address` (`host:port`, port 0 = any). Throws as {@link MemoryNetwork.open}. */
export function memorySocket(
  network: MemoryNetwork,
  address: string,
  options: MemorySocketOptions,
): DatagramSocket {
  return network.open(address, options)
}
