import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/index.ts'
import type { PathSnapshot } from '../daemon/snapshot.ts'
import type { Finding } from './finding.ts'

/** What is known of a path to the server. */
export type Way = Pick<PathSnapshot, 'name' | 'state' | 'rttMs' | 'localAddress' | 'remoteAddress'>

/** A path has this long to answer, ms: some hellos, and probes after that. */
const PATIENCE_MS = 5000
const LOOK_MS = 50

/** Looks again and again until every path answers, or had the time to. */
export async function settled(look: () => readonly Way[] | Promise<readonly Way[]>): Promise<readonly Way[]> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const ways = await look()
    const areNormal = ways.length > 0 && ways.every(({ state }) => state === 'normal')
    if (areNormal || waitedMs >= PATIENCE_MS) return ways
    await sleep(LOOK_MS)
  }
}

const answers = ({ state }: Way): boolean => state === 'normal' || state === 'unstable'

/** A finding for each path. One that answers is enough for a tunnel. */
export function findingsOf(ways: readonly Way[], config: Config): readonly Finding[] {
  const levelOfSilence = ways.some(answers) ? 'warning' : 'fault'
  return ways.map((way) => {
    const about = `server by ${way.name}`
    if (!answers(way)) return { about, level: levelOfSilence, ...silence(way, config) }
    const rtt = way.rttMs === null ? '' : `, RTT ${way.rttMs.toFixed(1)} ms`
    return { about, level: 'ok', found: `answers${rtt}` }
  })
}

function silence(
  { localAddress, remoteAddress }: Way,
  { security }: Config,
): Pick<Finding, 'found' | 'advice'> {
  if (localAddress === null) {
    const advice = 'its interface or address is missing, or the system refuses to send that way'
    return { found: 'no way there', advice }
  }
  const keys = security === 'none' ? '' : ', and that both sides have each other’s public key'
  const advice = `check that it runs, its port and firewalls on the way, a route for this line${keys}`
  return { found: `no answer from ${remoteAddress} to ${localAddress}`, advice }
}
