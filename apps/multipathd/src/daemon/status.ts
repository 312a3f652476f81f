import type { PathStats, SessionStats, TunnelStats } from '@mp/tunnel'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import type { Tunnel } from './create-tunnel.ts'

/** Says how the tunnel is: a line for the whole of it, and one for each peer that is there. */
export function reportStatus(tunnel: Tunnel, { server }: Config, log: Log): void {
  const { sessions, tun, listeners, drops, slotsInUse } = tunnel.stats()
  const { transport, encryption = 'none' } = tunnel
  const here = new Set(sessions.map(({ peer }) => peer))
  const absent = (server?.peers ?? []).map(({ name }) => name).filter((name) => !here.has(name))
  const peers = sessions.length === 1 ? '1 peer' : `${sessions.length} peers`
  log.info(`status: ${peers}`, { transport, encryption, absent, drops, tun, listeners, slotsInUse })
  for (const session of sessions) log.info(`status of ${session.peer}`, aboutSession(session, tunnel))
}

/** Where there is room for a line only: how many peers are there, and how many of their paths carry data. */
export function statusLine({ sessions }: TunnelStats): string {
  const paths = sessions.flatMap((session) => session.paths)
  const active = paths.filter(({ use }) => use === 'active').length
  const here = sessions.filter(({ established }) => established).length
  return `${active} of ${paths.length} paths in use, ${here === 1 ? '1 peer' : `${here} peers`}`
}

/** What is worth knowing of a session, each path in a few words. */
function aboutSession(session: SessionStats, tunnel: Tunnel): Readonly<Record<string, unknown>> {
  const { established, ageMs, epoch, encryption, drops, paths } = session
  const cipher =
    encryption && `${encryption.cipher} (${encryption.backend}: ${tunnel.reasonFor(encryption.cipher)})`
  return {
    established,
    ageSeconds: Math.round(ageMs / 1000),
    epoch,
    cipher: cipher ?? 'none',
    drops,
    paths: paths.map(aboutPath),
  }
}

function aboutPath(path: PathStats): string {
  const { name, use, weight, prober, transport, localAddress, remoteAddress, queuedFrames } = path
  const rtt = prober.smoothedRttMs === undefined ? '' : `, rtt ${prober.smoothedRttMs.toFixed(1)} ms`
  const way = transport === undefined ? 'no link' : `${transport} ${localAddress} to ${remoteAddress}`
  const { mtuBytes } = path
  const mtu = mtuBytes === undefined ? '' : `, mtu ${mtuBytes}`
  const counts = `sent ${path.txFrames} frames ${path.txBytes} bytes, received ${path.rxFrames} frames ${path.rxBytes} bytes`
  return `${name}: ${use}, ${prober.state}${rtt}${mtu}, weight ${weight}, ${way}, ${counts}, ${queuedFrames} wait`
}
