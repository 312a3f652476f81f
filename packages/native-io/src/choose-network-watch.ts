import type { NetworkWatch, Runtime } from '@mp/interface'
import { pollingWatch } from '@mp/runtime-node'
import { loadNativeIo, type NativeIoResult } from './load.ts'

/** What {@link chooseNetworkWatch} goes by. */
export interface ChooseNetworkWatchOptions {
  /** For looking now and then, where the system does not tell. */
  readonly runtime: Runtime
  /** Default: what {@link loadNativeIo} says. */
  readonly native?: NativeIoResult
}

/** Watches the interfaces of this machine: by netlink on Linux with the addon, else by looking every two seconds. */
export function chooseNetworkWatch(options: ChooseNetworkWatchOptions): NetworkWatch {
  const { runtime, native = loadNativeIo() } = options
  const told = process.platform === 'linux' ? native.io?.watchNetwork() : undefined
  return told ?? pollingWatch({ runtime })
}
