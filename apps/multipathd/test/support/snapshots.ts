import type { PathSnapshot, PeerSnapshot, Snapshot } from '../../src/daemon/snapshot.ts'

/** A path in use that sends 12 of 20 Mbit/s. */
export function path(changes: Partial<PathSnapshot> = {}): PathSnapshot {
  return {
    id: 0,
    name: 'dsl',
    weight: 1,
    isUsed: true,
    unusedReason: null,
    state: 'normal',
    stateAgeMs: 3_600_000,
    transport: 'udp',
    localAddress: '192.168.1.10:40000',
    remoteAddress: '198.51.100.7:5000',
    txBps: 12e6,
    rxBps: 3e6,
    txShare: 0.8,
    txFrames: 1000,
    txBytes: 1_200_000,
    rxFrames: 300,
    rxBytes: 250_000,
    rttMs: 24,
    rttMinMs: 21,
    mtuBytes: 1500,
    probeLossRatio: 0,
    capacityBps: 20e6,
    deliveredBps: 12e6,
    queueDelayMs: 2.5,
    inFlightBytes: 30_000,
    congestionLossRatio: 0,
    radioLossRatio: 0.001,
    lostFrames: 1,
    waitingPackets: 0,
    drops: {},
    ...changes,
  }
}

/** One that carries nothing, for `reason`. */
export const unused = (reason: string, changes: Partial<PathSnapshot> = {}): PathSnapshot =>
  path({
    id: 1,
    name: 'lte',
    isUsed: false,
    unusedReason: reason,
    state: 'lost',
    stateAgeMs: 42_000,
    txBps: 0,
    rxBps: 0,
    txShare: 0,
    ...changes,
  })

export function peer(changes: Partial<PeerSnapshot> = {}): PeerSnapshot {
  return {
    name: 'server Wj0fzX0Z…',
    established: true,
    ageMs: 7_380_000,
    epoch: 1,
    cipher: 'aes-256-gcm',
    cipherReason: 'native: agreed with the peer',
    txBps: 15e6,
    rxBps: 3e6,
    txBytes: 1_500_000,
    rxBytes: 250_000,
    waitingPackets: 0,
    repair: { lostFrames: 1, repairedFrames: 1 },
    order: null,
    drops: {},
    paths: [path(), unused('lost')],
    ...changes,
  }
}

export function snapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 1,
    takenAt: '2026-01-01T10:00:00.000Z',
    daemon: {
      name: 'mp0',
      version: '0.0.0',
      pid: 1,
      role: 'client',
      startedAt: '2026-01-01T07:57:00.000Z',
      uptimeMs: 7_380_000,
      scheduling: 'adaptive',
      transport: 'udp (native: the native addon loads)',
      encryption: 'aes-256-gcm (native: OpenSSL)',
    },
    tun: {
      name: 'mp0',
      backend: 'native',
      mtuBytes: 1400,
      offloads: ['tso'],
      offloadReason: null,
      rxPackets: 1,
      rxBytes: 1,
      txPackets: 1,
      txBytes: 1,
      drops: {},
    },
    peers: [peer()],
    absentPeers: [],
    listeners: [],
    drops: {},
    memory: { slotsInUse: 1, slots: 8192 },
    ...changes,
  }
}
