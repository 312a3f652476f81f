import type { ServerResponse } from 'node:http'

/** What the page shows: how things are, and what happened. */
export interface Live {
  /** With rates; the first one takes half a second. */
  snapshot(): Promise<LiveSnapshot>
  /** At once, with rates only where somebody looked before. */
  snapshotNow(): LiveSnapshot
  /** The last minutes, the oldest first. */
  moments(): readonly object[]
  recentEvents(limit: number): readonly object[]
  /** What is returned ends it. */
  onEvent(listener: (event: object) => void): () => void
}

/** What is known of a snapshot here: all else is passed on as it is. */
export interface LiveSnapshot {
  readonly peers: readonly { readonly txBps: number | null; readonly rxBps: number | null }[]
}

const INTERVAL_MS = 1000
export const MAX_VIEWERS = 16
/** Peers beyond these are left out of the page: those that carry least. */
const MAX_PEERS = 100
const FIRST_EVENTS = 100
/** A viewer that does not read is let go; the page connects again, bytes. */
const MAX_WAITING_BYTES = 1024 * 1024

/** Sends a snapshot a second and every event to each viewer (server-sent events). Without viewers it does nothing. */
export class LiveFeed {
  readonly #live: Live
  readonly #viewers = new Set<ServerResponse>()
  #timer: NodeJS.Timeout | undefined
  #unsubscribe: (() => void) | undefined

  constructor(live: Live) {
    this.#live = live
  }

  /** False when there are too many viewers: the response is untouched then. */
  add(response: ServerResponse): boolean {
    if (this.#viewers.size >= MAX_VIEWERS) return false
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.on('close', () => this.#remove(response))
    // Who went away in the middle of something is removed by `close`.
    response.on('error', () => {})
    this.#viewers.add(response)
    response.write(message('events', this.#live.recentEvents(FIRST_EVENTS)))
    response.write(message('moments', this.#live.moments()))
    // What is known is shown at once, and the rates as soon as there are any.
    response.write(message('snapshot', withFewPeers(this.#live.snapshotNow())))
    if (this.#viewers.size === 1) this.#begin()
    return true
  }

  close(): void {
    this.#end()
    for (const viewer of this.#viewers) viewer.end()
    this.#viewers.clear()
  }

  #remove(viewer: ServerResponse): void {
    this.#viewers.delete(viewer)
    if (this.#viewers.size === 0) this.#end()
  }

  #begin(): void {
    this.#timer = setInterval(() => void this.#look(), INTERVAL_MS)
    this.#unsubscribe = this.#live.onEvent((event) => this.#send(message('events', [event])))
    void this.#look()
  }

  #end(): void {
    clearInterval(this.#timer)
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  async #look(): Promise<void> {
    const snapshot = await this.#live.snapshot()
    this.#send(message('snapshot', withFewPeers(snapshot)))
  }

  #send(text: string): void {
    for (const viewer of this.#viewers) {
      if (viewer.writableLength <= MAX_WAITING_BYTES) viewer.write(text)
      else {
        viewer.destroy()
        this.#remove(viewer)
      }
    }
  }
}

const message = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

function withFewPeers(snapshot: LiveSnapshot): LiveSnapshot {
  const { peers } = snapshot
  if (peers.length <= MAX_PEERS) return snapshot
  const load = ({ txBps, rxBps }: LiveSnapshot['peers'][number]): number => (txBps ?? 0) + (rxBps ?? 0)
  return { ...snapshot, peers: peers.toSorted((a, b) => load(b) - load(a)).slice(0, MAX_PEERS) }
}
