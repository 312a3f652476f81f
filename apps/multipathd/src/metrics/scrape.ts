import type { PathStats, SessionStats, TunnelStats } from '@mp/tunnel'

/** What metrics are read from, at one moment. */
export interface Scrape {
  readonly stats: TunnelStats
  /** Those that are told one by one; `stats` has all. */
  readonly sessions: readonly SessionStats[]
  /** All packet slots. */
  readonly slots: number
}

/** More would make an answer of megabytes each time; the others count in sums, and in `multipathd_sessions_omitted`. */
export const MAX_SESSIONS = 128

/** The sessions to tell of, one per peer: the newest of a peer that has two, since it is about to take over. */
export function toldSessions(sessions: readonly SessionStats[]): readonly SessionStats[] {
  const byPeer = new Map(sessions.map((session) => [session.peer, session]))
  return [...byPeer.values()].slice(0, MAX_SESSIONS)
}

/** Each path of the told sessions, with the peer it leads to. */
export function pathsOf({ sessions }: Pick<Scrape, 'sessions'>): readonly PathOfPeer[] {
  return sessions.flatMap(({ peer, paths }) => paths.map((path) => ({ peer, path })))
}

export interface PathOfPeer {
  readonly peer: string
  readonly path: PathStats
}

/** Ms as Prometheus wants it; undefined stays so. */
export const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : ms / 1000
