import { setTimeout as sleep } from 'node:timers/promises'
import type { TunDevice } from '@mp/interface'
import { systemRuntime } from '@mp/runtime-node'
import type { PathStats } from '@mp/tunnel'
import { messageOf } from '../cli/explain.ts'
import type { Config } from '../config/index.ts'
import { createTunnel } from '../daemon/create-tunnel.ts'
import type { Tunnel } from '../daemon/create-tunnel.ts'
import { createPool } from '../daemon/pool.ts'
import type { Check, Finding } from './finding.ts'

/** A path has this long to answer, ms: some hellos, and probes after that. */
const PATIENCE_MS = 5000
const LOOK_MS = 50

/**
 * Opens the tunnel without a device and waits for an answer on every path. The server then has a session with this
 * client in the place of the one it may have had: not to be done while a daemon runs.
 */
export const reach: Check = async ({ config }) => {
  if (config.isServer) return []
  const tunnel = createTunnel(config, {
    runtime: systemRuntime(),
    pool: createPool(config),
    tun: NOWHERE,
    transportFor: (_path, transport) => transport,
  })
  try {
    await tunnel.start()
    await waitFor(tunnel)
    return softened((tunnel.stats().sessions[0]?.paths ?? []).map((path) => finding(path, config)))
  } catch (error) {
    return [{ about: 'server', level: 'fault', found: 'was not asked', advice: messageOf(error) }]
  } finally {
    await tunnel.close()
  }
}

async function waitFor(tunnel: Tunnel): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
    const paths = tunnel.stats().sessions[0]?.paths ?? []
    if (paths.length > 0 && paths.every(({ prober }) => prober.state === 'normal')) return
    await sleep(LOOK_MS)
  }
}

/** One path that answers is enough for a tunnel. */
function softened(findings: readonly Finding[]): readonly Finding[] {
  if (!findings.some(({ level }) => level === 'ok')) return findings
  return findings.map((each) => (each.level === 'fault' ? { ...each, level: 'warning' } : each))
}

function finding({ name, prober, localAddress, remoteAddress }: PathStats, { security }: Config): Finding {
  const about = `server by ${name}`
  if (prober.state === 'normal' || prober.state === 'unstable') {
    const rtt = prober.smoothedRttMs === undefined ? '' : `, RTT ${prober.smoothedRttMs.toFixed(1)} ms`
    return { about, level: 'ok', found: `answers${rtt}` }
  }
  if (localAddress === undefined) {
    const advice = 'its interface or address is missing, or the system refuses to send that way'
    return { about, level: 'fault', found: 'no way there', advice }
  }
  const keys = security === 'none' ? '' : ', and that both sides have each other’s public key'
  const advice = `check that it runs, its port and firewalls on the way, a route for this line${keys}`
  return { about, level: 'fault', found: `no answer from ${remoteAddress} to ${localAddress}`, advice }
}

/** Nothing comes out of it, and what goes in is gone. */
const NOWHERE: TunDevice = {
  name: 'doctor',
  backend: 'none',
  mtuBytes: 1500,
  start: () => {},
  write: (batch) => batch.count,
  stats: () => ({ rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: {} }),
  close: () => Promise.resolve(),
}
