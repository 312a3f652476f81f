import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { CipherName } from '@mp/interface'

/** Memory that a handle works on; the addon keeps it alive until the handle is closed. */
export interface HandleMemory {
  readonly arena: Uint8Array
  /** Table of the receive batch. */
  readonly table: Int32Array
  readonly counters: Float64Array
  readonly state: Int32Array
  /**
   * Called once per wake-up with what is ready: READABLE, WRITABLE, both or 0. When READABLE is, and READY_ROWS was not 0,
   * `received` is what `receive` would have answered.
   */
  readonly onReady: (events: number, received: number) => void
}

export interface UdpConfig extends HandleMemory {
  readonly localIp: string
  readonly localPort: number
  readonly remoteIp?: string
  /** 0: not connected. */
  readonly remotePort: number
  readonly device?: string
  /** The 32 bits of it as a signed number; 0: none. */
  readonly mark: number
  readonly batchSize: number
  readonly peerCapacity: number
  /** Asked for; the addon writes what was got. */
  receiveBytes: number
  sendBytes: number
  /** 1: segmentation and its counterpart are wished for; the addon writes what was got, and why not. */
  gso: number
  gro: number
  offloadReason?: string
  /** 1: datagrams shall not be fragmented; the addon writes what was got. */
  dontFragment: number
  /** 1: the ECN field goes with rows, both ways. */
  readonly ecn: number
  /** Written by the addon. */
  localAddress: string
}

export interface TunConfig extends HandleMemory {
  /** Asked for, '' for any; the addon writes what was got. */
  name: string
  readonly multiQueue: number
  readonly mtuBytes: number
  /** Bits of OFFLOAD, asked for; the addon writes what was got. */
  offloads: number
  /** Written by the addon when a test found fault with an offload that was asked for. */
  offloadReason?: string
  /** 1: packets may come with checksums begun only. */
  readonly partialChecksums: number
}

export interface TcpConfig extends HandleMemory {
  /** A descriptor that `acceptTcp` gave, or -1 to connect. */
  readonly fd: number
  readonly remoteIp: string
  readonly remotePort: number
  readonly localIp?: string
  readonly localPort: number
  readonly device?: string
  /** 0: none. */
  readonly mark: number
  readonly batchSize: number
  readonly maxFrameBytes: number
}

export interface TcpListenerConfig extends HandleMemory {
  readonly localIp: string
  readonly localPort: number
  /** Written by the addon. */
  localAddress: string
}

/** The two ends of a connection; written by the addon. */
export interface TcpEnds {
  localAddress: string
  remoteAddress: string
}

declare const handleBrand: unique symbol
/** An open socket or device inside the addon. */
export interface Handle {
  readonly [handleBrand]: true
}

declare const keyBrand: unique symbol
/** A key inside the addon. */
export interface KeyHandle {
  readonly [keyBrand]: true
}

/** The functions of the addon, see csrc/addon.c and csrc/aead.h. */
export interface Binding {
  openUdp(config: UdpConfig): Handle
  openTun(config: TunConfig): Handle
  /** The handle is writable when it is connected or has failed. */
  connectTcp(config: TcpConfig): Handle
  /** The errno that connecting failed with, or 0, and `into` is filled in. */
  tcpConnected(handle: Handle, into: TcpEnds): number
  /** Sends what was taken, then the end of the stream. */
  endTcp(handle: Handle): void
  listenTcp(config: TcpListenerConfig): Handle
  /** A descriptor for `connectTcp`, or -errno; after any but EAGAIN the listener waits for `start`. */
  acceptTcp(handle: Handle): number
  openNetlink(memory: HandleMemory): Handle
  start(handle: Handle): void
  close(handle: Handle): void
  receive(handle: Handle, rows: number): number
  /** Without a table it sends from that of the call before, which must be kept alive until then. */
  send(handle: Handle, rows: number, table?: Int32Array): number
  peer(handle: Handle, ip: string, port: number): number
  peerAddress(handle: Handle, peer: number): string | undefined
  pin(handle: Handle, peer: number, more: boolean): boolean
  /** Messages that the kernel dropped since the buffer of the socket was full; of those joined by GRO each counts once. */
  overflowed(handle: Handle): number
  /** Throws an Error whose message names what OpenSSL lacks. */
  aeadKey(cipher: CipherName, key: Uint8Array): KeyHandle
  aeadSeal(
    key: KeyHandle,
    arena: Uint8Array,
    table: Int32Array,
    ...run: readonly [from: number, to: number, pathId: number, firstCounter: number]
  ): number
  aeadOpen(
    key: KeyHandle,
    arena: Uint8Array,
    table: Int32Array,
    ...run: readonly [from: number, to: number, counters: Float64Array]
  ): number
  aeadWipe(key: KeyHandle): void
  dropPrivileges(user: string, keepNetRaw: boolean): void
  notifyService(path: string, text: string): void
}

/** Loads the addon that was built for this system. Throws when there is none. */
export function loadBinding(): Binding {
  const target = `${process.platform}-${process.arch}${usesMusl() ? '-musl' : ''}`
  const path = fileURLToPath(new URL(`../prebuilds/${target}/mp_native_io.node`, import.meta.url))
  // A copy: what the addon fills function by function V8 keeps as a hash table, and looks each up at every call.
  return { ...(createRequire(import.meta.url)(path) as Binding) }
}

/** Node names the glibc it runs with; on Linux without one it is musl. */
function usesMusl(): boolean {
  if (process.platform !== 'linux') return false
  const report = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  return report.header.glibcVersionRuntime === undefined
}
