import type { Live, LiveSnapshot } from '../../../src/dashboard/live-feed.ts'

/** A daemon as the page sees it, whose lines do what a test wants. */
export class World implements Live {
  peers: FakePeer[] = [homePeer()]
  readonly events: object[] = []
  readonly #listeners = new Set<(event: object) => void>()
  readonly #role: 'client' | 'server'
  #number = 0

  constructor(role: 'client' | 'server' = 'client') {
    this.#role = role
  }

  async snapshot(): Promise<LiveSnapshot> {
    return this.snapshotNow()
  }

  snapshotNow(): LiveSnapshot {
    return this.at(Date.now())
  }

  /** The snapshot of a moment. */
  at(ms: number): LiveSnapshot & Record<string, unknown> {
    const daemon = {
      name: 'mp0',
      version: '0.1.0',
      role: this.#role,
      startedAt: new Date(ms - 8_000_000).toISOString(),
      uptimeMs: 8_000_000,
      scheduling: 'adaptive',
      encryption: 'aes-256-gcm (native: OpenSSL 3.0)',
    }
    const absentPeers = this.#role === 'server' ? ['van', 'workshop'] : []
    const peers = this.peers.map((peer) => peerAt(peer, ms / 1000))
    return { takenAt: new Date(ms).toISOString(), daemon, absentPeers, peers }
  }

  /** As if it had been so for five minutes. */
  moments(): readonly object[] {
    const nowMs = Date.now()
    return Array.from({ length: 60 }, (_, index) => {
      const { takenAt, peers } = this.at(nowMs - (60 - index) * 5000)
      return { takenAt, peers: peers.slice(0, 3) }
    })
  }

  recentEvents(limit: number): readonly object[] {
    return this.events.slice(-limit)
  }

  onEvent(listener: (event: object) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  say(message: string, { agoMs = 0, level = 'info', type = 'path-state', ...fields }: Said = {}): void {
    const at = new Date(Date.now() - agoMs).toISOString()
    const event = { number: ++this.#number, at, type, level, message, fields }
    this.events.push(event)
    for (const listener of this.#listeners) listener(event)
  }
}

type Said = Readonly<Record<string, unknown>> & { readonly agoMs?: number }

interface FakeLine {
  readonly name: string
  readonly rxMbit: number
  readonly txMbit: number
  readonly rttMs: number
  readonly lossRatio: number
  state: 'initializing' | 'normal' | 'unstable' | 'lost'
  sinceMs: number
}

interface FakePeer {
  readonly name: string
  readonly lines: FakeLine[]
}

function line(name: string, rates: readonly [number, number, number, number]): FakeLine {
  const [rxMbit, txMbit, rttMs, lossRatio] = rates
  return { name, rxMbit, txMbit, rttMs, lossRatio, state: 'normal', sinceMs: Date.now() - 5_000_000 }
}

export function homePeer(name = 'server 4kTq9wPz…'): FakePeer {
  return {
    name,
    lines: [
      line('dsl', [46, 9.4, 18, 0]),
      line('lte', [31, 14, 42, 0.006]),
      line('starlink', [74, 11, 35, 0.002]),
    ],
  }
}

/** Moves between 0 and 1, the same for the same arguments. */
function wave(second: number, seed: number): number {
  const slow = Math.sin(second / 37 + seed * 2.1) * 0.5 + Math.sin(second / 11 + seed) * 0.3
  return 0.62 + 0.3 * slow + 0.04 * Math.sin(second * 0.9 + seed * 5) * Math.sin(second * 0.23 + seed)
}

function peerAt({ name, lines }: FakePeer, second: number) {
  const paths = lines.map((each, id) => pathAt(each, id, second))
  const sum = (pick: (path: (typeof paths)[number]) => number): number =>
    paths.reduce((total, path) => total + pick(path), 0)
  const txBps = sum((path) => path.txBps)
  const shared = paths.map((path) =>
    Object.assign(path, { txShare: txBps === 0 ? null : path.txBps / txBps }),
  )
  return {
    name,
    established: true,
    ageMs: 7_900_000,
    cipher: 'aes-256-gcm',
    txBps,
    rxBps: sum((path) => path.rxBps),
    txBytes: 3_100_000_000,
    rxBytes: 41_000_000_000,
    paths: shared,
  }
}

function pathAt(
  { name, rxMbit, txMbit, rttMs, lossRatio, state, sinceMs }: FakeLine,
  id: number,
  second: number,
) {
  const load = state === 'lost' ? 0 : wave(second, id)
  const queueDelayMs = Math.max(0, 24 * (load - 0.55))
  return {
    id,
    name,
    isUsed: state === 'normal',
    unusedReason: state === 'normal' ? null : state,
    state,
    stateAgeMs: second * 1000 - sinceMs,
    transport: 'udp',
    localAddress: `192.168.${id + 1}.20:40${id}71`,
    remoteAddress: '198.51.100.7:5000',
    txBps: txMbit * 1e6 * load,
    rxBps: rxMbit * 1e6 * load,
    txShare: null as number | null,
    rttMs: rttMs + queueDelayMs + 2 * wave(second * 3, id),
    rttMinMs: rttMs,
    probeLossRatio: lossRatio,
    capacityBps: txMbit * 1e6,
    queueDelayMs,
    congestionLossRatio: 0,
    radioLossRatio: lossRatio * (0.5 + wave(second, id + 3)),
  }
}
