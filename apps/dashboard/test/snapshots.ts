import type { LoggedEvent, Path, Peer, Snapshot } from '../src/feed/types.ts'

/** A path that is well; `more` says what is special about it. */
export function path(id: number, more: Partial<Path> = {}): Path {
  return {
    id,
    name: `path${id}`,
    isUsed: true,
    unusedReason: null,
    state: 'normal',
    stateAgeMs: 1000,
    transport: 'udp',
    localAddress: '10.0.0.1:1',
    remoteAddress: '10.0.0.2:2',
    txBps: 1e6,
    rxBps: 2e6,
    txShare: 0.5,
    rttMs: 20,
    rttMinMs: 18,
    probeLossRatio: 0,
    capacityBps: 5e6,
    queueDelayMs: 2,
    congestionLossRatio: 0,
    radioLossRatio: 0,
    ...more,
  }
}

export function peer(name: string, paths: readonly Path[], more: Partial<Peer> = {}): Peer {
  const bps = { txBps: 1e6, rxBps: 2e6, txBytes: 1, rxBytes: 2 }
  return { name, established: true, ageMs: 1000, cipher: 'aes-256-gcm', ...bps, paths, ...more }
}

/** The snapshot of a second since 1970. */
export function snapshot(second: number, peers: readonly Peer[]): Snapshot {
  return {
    takenAt: at(second),
    daemon: {
      name: 'mp0',
      version: '1',
      role: 'client',
      startedAt: at(0),
      uptimeMs: 1000 * second,
      scheduling: 'adaptive',
      encryption: null,
    },
    peers,
    absentPeers: [],
  }
}

export function event(number: number, second: number): LoggedEvent {
  return { number, at: at(second), type: 'path-state', level: 'info', message: `event ${number}`, fields: {} }
}

const at = (second: number): string => new Date(second * 1000).toISOString()
