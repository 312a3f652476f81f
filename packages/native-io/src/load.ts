import type { NetworkWatch } from '@mp/interface'
import type { AeadOptions } from '@mp/runtime-node'
import type { FrameStream } from '@mp/interface'
import { createAead, type NativeAeadResult } from './aead.ts'
import { type Binding, loadBinding } from './binding.ts'
import { NetlinkWatch } from './netlink/netlink-watch.ts'
import { type PrivilegeOptions, dropPrivileges } from './privileges.ts'
import { notifyService } from './notify.ts'
import { type NativeSocket, type NativeSocketOptions, openSocket } from './socket.ts'
import { type NativeConnectOptions, connectStream } from './stream.ts'
import { type NativeListenOptions, type NativeStreamListener, listenForStreams } from './stream-listener.ts'
import { type NativeTun, type NativeTunOptions, openTun } from './tun.ts'

/** What the addon can do. */
export interface NativeIo {
  /**
   * Opens a UDP socket. Throws TypeError or RangeError for wrong options and {@link NativeIoError} when the system
   * refuses: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `ENODEV` (no such interface), `EPERM`, …
   */
  openSocket(options: NativeSocketOptions): NativeSocket
  /**
   * Opens a TCP connection that carries frames. Rejects with TypeError or RangeError for wrong options, with the reason of
   * `signal` when that ends it, and else with {@link NativeIoError}: `ECONNREFUSED`, `ENETUNREACH`, `EADDRNOTAVAIL`,
   * `ENODEV` (no such interface), …
   */
  connectStream(options: NativeConnectOptions): Promise<FrameStream>
  /**
   * Accepts such connections. Throws TypeError or RangeError for wrong options, else {@link NativeIoError}: `EADDRINUSE`,
   * `EACCES`, …
   */
  listenForStreams(options: NativeListenOptions): NativeStreamListener
  /**
   * Opens a TUN device, without addresses and not yet up. Throws RangeError for wrong options and
   * {@link NativeIoError} when the system refuses: `ENOENT` (no /dev/net/tun), `EPERM`, `EBUSY` (name taken), …
   */
  openTun(options: NativeTunOptions): NativeTun
  /**
   * Seals and opens batches in one call, with the OpenSSL of the running program. A Node that was built without it, or
   * without the cipher, gets a reason. Never throws.
   */
  createAead(options: AeadOptions): NativeAeadResult
  /** Watches interfaces and routes by netlink, on Linux. Throws {@link NativeIoError}: `ENOTSUP`, … */
  watchNetwork(): NetworkWatch
  /**
   * Makes the whole process, started as root, one of an ordinary user, for good; Linux only. What is open stays open.
   *
   * Afterwards every thread runs as that user without supplementary groups, and no set-user-ID program gives any of
   * them rights back. The calling thread, the threads it starts later and the programs it runs keep CAP_NET_ADMIN, so
   * that `ip` still works; CAP_NET_RAW stays on request, for it and its threads. All other threads have no capability.
   *
   * Throws {@link NativeIoError}: `ENOENT` (no such user), `EINVAL` (it is root), `EPERM` (not started as root),
   * `ENOTSUP`, … Then the process may have given up some rights already and should end.
   */
  dropPrivileges(options: PrivilegeOptions): void
  /**
   * Sends words to a service manager such as systemd: lines like `READY=1` (sd_notify(3)), less than 1 KiB, to the socket
   * whose path is in `NOTIFY_SOCKET`. Throws {@link NativeIoError} when nobody takes them.
   */
  notifyService(socketPath: string, text: string): void
}

/** The addon, or why there is none and what to do about it. */
export type NativeIoResult = { readonly io: NativeIo } | { readonly io: undefined; readonly reason: string }

/**
 * Loads the addon for this system. Never throws.
 * With `MP_NATIVE=off` in the environment it is left alone, to try the portable backends.
 */
export function loadNativeIo(): NativeIoResult {
  if (process.env['MP_NATIVE'] === 'off') {
    return { io: undefined, reason: 'switched off by MP_NATIVE=off; unset it to use the native addon' }
  }
  let binding: Binding
  try {
    binding = loadBinding()
  } catch (error) {
    return { io: undefined, reason: reasonOf(error as Error & { code?: string }) }
  }
  return {
    io: {
      openSocket: (options) => openSocket(binding, options),
      connectStream: (options) => connectStream(binding, options),
      listenForStreams: (options) => listenForStreams(binding, options),
      openTun: (options) => openTun(binding, options),
      createAead: (options) => createAead(binding, options),
      watchNetwork: () => new NetlinkWatch(binding),
      dropPrivileges: (options) => dropPrivileges(binding, options),
      notifyService: (path, text) => notifyService(binding, path, text),
    },
  }
}

function reasonOf(error: Error & { code?: string }): string {
  const system = `${process.platform}-${process.arch}`
  if (error.code === 'MODULE_NOT_FOUND') {
    return `no native addon for ${system} was built; install a C compiler and run \`node build.mjs\` in @mp/native-io`
  }
  return `the native addon for ${system} does not load: ${error.message.split('\n', 1)[0]}`
}
