import type { Device } from './device.ts'
import { offloadNotes } from './offloads.ts'

/** For the line at the start: the device, its backend, which offloads act and what a test found wrong with others. */
export function describeTun(tun: Pick<Device, 'name' | 'backend' | 'offloads'>): string {
  const { reason, ...offloads } = tun.offloads?.() ?? {}
  const notes = offloadNotes(offloads, reason)
  return `${tun.name} (${notes.length > 0 ? `${tun.backend}: ${notes.join('; ')}` : tun.backend})`
}
