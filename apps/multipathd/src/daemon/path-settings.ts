import type { PathSettings } from '@mp/tunnel'
import type { RemotePath } from '../config/index.ts'

const BITS_IN_MEGABIT = 1e6

/** What the config says of the use of a path, as the tunnel takes it. */
export function settingsOfPath(path: RemotePath): PathSettings {
  const { weight, role, costMs, maxSendMbit, maxReceiveMbit, idleProbeSeconds } = path
  return {
    weight,
    role,
    costMs,
    maxSendBps: maxSendMbit === undefined ? Infinity : maxSendMbit * BITS_IN_MEGABIT,
    maxReceiveBps: maxReceiveMbit === undefined ? Infinity : maxReceiveMbit * BITS_IN_MEGABIT,
    idleProbeMs: idleProbeSeconds * 1000,
    isExhausted: false,
  }
}
