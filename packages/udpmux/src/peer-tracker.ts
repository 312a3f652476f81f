import type { PacketBatch } from '@mp/interface'

/** What is known of a remote address that sends to a listener. */
export interface PeerInfo {
  /** Its number at the listener. */
  readonly peer: number
  /** `ip:port`. Two peers have the same when they write to different addresses of a listener. */
  readonly address: string
  /** When its last frame came, ms on the clock of the runtime. */
  readonly lastSeenMs: number
  readonly rxFrames: number
  readonly rxBytes: number
  /** Links to it that are open; with none it is forgotten when it falls silent. */
  readonly links: number
}

/** Mutable side of {@link PeerInfo}. */
type PeerRecord = { -readonly [K in keyof PeerInfo]: PeerInfo[K] }

export interface PeerTrackerOptions {
  /** How long a peer without links may be silent, ms. */
  readonly idleMs: number
  /** The address that has a peer's number now. */
  readonly addressOf: (peer: number) => string | undefined
  /** Told after a peer was added. */
  readonly onPeer: (peer: PeerInfo) => void
  /** Told after a peer was forgotten. */
  readonly onExpired: (peer: PeerInfo) => void
}

/**
 * Who sends to a listener. Bounded by the socket's table, whose numbers are the keys here: when the socket gives the
 * number of a peer without links to another address, the old peer is forgotten.
 */
export class PeerTracker {
  readonly #options: PeerTrackerOptions
  readonly #records = new Map<number, PeerRecord>()

  constructor(options: PeerTrackerOptions) {
    this.#options = options
  }

  /** Peers known now. */
  get size(): number {
    return this.#records.size
  }

  /** Snapshots of all peers. */
  list(): PeerInfo[] {
    return Array.from(this.#records.values(), (record) => ({ ...record }))
  }

  /** Accounts received frames to their senders, of whom each is looked up once for what it sent in a row. */
  note({ peer, length, count }: PacketBatch, nowMs: number): void {
    for (let from = 0, row = 0; from < count; from = row) {
      let bytes = 0
      do bytes += length[row++]!
      while (row < count && peer[row] === peer[from])
      const record = this.#record(peer[from]!, nowMs)
      if (record === undefined) continue
      record.lastSeenMs = nowMs
      record.rxFrames += row - from
      record.rxBytes += bytes
    }
  }

  /** A link to `peer`, which the socket has pinned, was opened. */
  link(peer: number, nowMs: number): void {
    const record = this.#record(peer, nowMs)
    if (record !== undefined) record.links++
  }

  /** A link to `peer` was closed; its idle time begins. */
  unlink(peer: number, nowMs: number): void {
    const record = this.#records.get(peer)
    if (record === undefined) return
    record.links--
    record.lastSeenMs = Math.max(record.lastSeenMs, nowMs)
  }

  /** Forgets the peers without links that have been silent for too long. */
  sweep(nowMs: number): void {
    for (const record of this.#records.values()) {
      if (record.links === 0 && nowMs - record.lastSeenMs >= this.#options.idleMs) this.#forget(record)
    }
  }

  /** The record of who has the number now. A pinned number cannot have changed hands, so its address is not asked for. */
  #record(peer: number, nowMs: number): PeerRecord | undefined {
    const known = this.#records.get(peer)
    if (known !== undefined && known.links > 0) return known
    const address = this.#options.addressOf(peer)
    if (known !== undefined && known.address === address) return known
    if (known !== undefined) this.#forget(known)
    if (address === undefined) return undefined
    const record = { peer, address, lastSeenMs: nowMs, rxFrames: 0, rxBytes: 0, links: 0 }
    this.#records.set(peer, record)
    this.#options.onPeer({ ...record })
    return record
  }

  #forget(record: PeerRecord): void {
    this.#records.delete(record.peer)
    this.#options.onExpired({ ...record })
  }
}
