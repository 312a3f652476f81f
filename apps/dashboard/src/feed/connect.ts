import type { LoggedEvent, Moment, Snapshot } from './types.ts'

/** How the page stands to the daemon. `refused`: the daemon is there and wants another token. */
export type LinkState = 'connecting' | 'live' | 'reconnecting' | 'refused'

export interface FeedHandler {
  /** The last minutes, the oldest first; before the first snapshot of a connection. */
  onMoments(moments: readonly Moment[]): void
  onSnapshot(snapshot: Snapshot): void
  onEvents(events: readonly LoggedEvent[]): void
  onLink(state: LinkState): void
}

/** The daemon sends something each second; after so long without anything the connection is taken for dead, ms. */
const SILENCE_MS = 4000
const RETRY_MS = 1000

/** Keeps a stream of live data open, for as long as the page is there. */
export function connectFeed(handler: FeedHandler): void {
  let source: EventSource
  let silence: ReturnType<typeof setTimeout> | undefined

  const heard = (): void => {
    clearTimeout(silence)
    silence = setTimeout(lose, SILENCE_MS)
  }
  const lose = (): void => {
    source.close()
    clearTimeout(silence)
    handler.onLink('reconnecting')
    setTimeout(() => void retry(), RETRY_MS)
  }
  // An EventSource does not say why it failed, so that is asked of the daemon first.
  const retry = async (): Promise<void> => {
    if (await isRefused()) handler.onLink('refused')
    else open()
  }
  const open = (): void => {
    source = new EventSource('live')
    heard()
    source.addEventListener('error', lose)
    source.addEventListener('snapshot', ({ data }: MessageEvent<string>) => {
      heard()
      handler.onLink('live')
      handler.onSnapshot(JSON.parse(data) as Snapshot)
    })
    source.addEventListener('moments', ({ data }: MessageEvent<string>) => {
      handler.onMoments(JSON.parse(data) as Moment[])
    })
    source.addEventListener('events', ({ data }: MessageEvent<string>) => {
      handler.onEvents(JSON.parse(data) as LoggedEvent[])
    })
  }
  handler.onLink('connecting')
  open()
}

async function isRefused(): Promise<boolean> {
  try {
    return (await fetch('session', { cache: 'no-store' })).status === 401
  } catch {
    return false
  }
}
