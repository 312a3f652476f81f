import type { PathStats, SessionStats, TunnelStats } from '@mp/tunnel'

/** A path as a tunnel would tell of it. */
export function pathStats(name: string, more: Partial<PathStats> = {}): PathStats {
  return {
    id: 0,
    name,
    weight: 1,
    settings: {
      weight: 1,
      role: 'primary',
      costMs: 0,
      maxSendBps: Infinity,
      maxReceiveBps: Infinity,
      idleProbeMs: 15_000,
      isExhausted: false,
    },
    use: 'active',
    unusedReason: undefined,
    transport: 'udp',
    localAddress: '10.0.0.1:4000',
    remoteAddress: '198.51.100.7:5000',
    txFrames: 10,
    txBytes: 1000,
    rxFrames: 20,
    rxBytes: 2000,
    queuedFrames: 1,
    maxFrameBytes: 1472,
    mtuBytes: 1500,
    link: { txFrames: 10, txBytes: 1000, backlogBytes: 0, drops: { 'send-failed': 2 } },
    prober: {
      state: 'normal',
      sinceMs: 0,
      sent: 30,
      received: 27,
      lost: 2,
      late: 1,
      duplicate: 0,
      unknown: 0,
      inFlight: 1,
      rttMs: 20.4,
      minRttMs: 18,
      smoothedRttMs: 21,
      predictedMs: 20.9,
      deviationMs: 1,
      rtoMs: 250,
      lossRatio: 0.01,
    },
    bonding: {
      capacityBps: 8_000_000,
      deliveredBps: 4_000_000,
      rttMs: 22,
      rttMinMs: 18,
      queueDelayMs: 3,
      inFlightBytes: 9000,
      inFlightLimitBytes: 90_000,
      waitingPackets: 4,
      waitingBytes: 5600,
      congestionLossRatio: 0.002,
      radioLossRatio: 0.01,
      lostFrames: 7,
      spuriousFrames: 1,
      isSuspect: false,
    },
    ...more,
  }
}

export function sessionStats(peer: string, paths: readonly PathStats[]): SessionStats {
  return {
    peer,
    established: true,
    ageMs: 60_000,
    epoch: 1,
    encryption: undefined,
    paths,
    bonding: {
      waiting: 3,
      repair: { lost: 7, repaired: 6 },
      resequencer: {
        heldPackets: 2,
        heldBytes: 2800,
        maxHeldPackets: 9,
        maxHeldBytes: 12_000,
        delivered: 500,
        skipped: { hopeless: 1, linger: 2, overflow: 0, reset: 0 },
        late: 1,
        reordered: 12,
        reorderingDepthSum: 40,
        reorderingDepthMax: 9,
        waited: 12,
        holdMsSum: 240,
        holdMsMax: 40,
        paths: [],
        drops: {},
      },
    },
    drops: {},
  }
}

export function tunnelStats(sessions: readonly SessionStats[]): TunnelStats {
  return {
    atMs: 1000,
    sessions,
    tun: { rxPackets: 1, rxBytes: 100, txPackets: 2, txBytes: 200, drops: { 'tun-full': 3 } },
    listeners: [{ rxFrames: 5, rxBytes: 500, peers: 1, drops: { malformed: 4 } }],
    drops: { 'no-path': 5 },
    slotsInUse: 64,
  }
}
