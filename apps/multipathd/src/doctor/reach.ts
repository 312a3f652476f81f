import type { TunDevice } from '@mp/interface'
import { systemRuntime } from '@mp/runtime-node'
import type { PathStats } from '@mp/tunnel'
import { messageOf } from '../cli/explain.ts'
import type { Config } from '../config/index.ts'
import { createTunnel } from '../daemon/create-tunnel.ts'
import { createPool } from '../daemon/pool.ts'
import { askDaemon, findHolder } from './daemon.ts'
import type { Check, Finding } from './finding.ts'
import { findingsOf, settled } from './ways.ts'
import type { Way } from './ways.ts'

/**
 * Whether the server answers on every path. It has one session with each client, so that whoever runs with this config is
 * asked in its place, or at least left alone.
 */
export const reach: Check = async (patient) => {
  if (patient.config.isServer) return []
  return (await askDaemon(patient)) ?? (await findHolder(patient)) ?? (await askServer(patient.config))
}

/** Opens the tunnel without a device and waits for an answer on every path. */
async function askServer(config: Config): Promise<readonly Finding[]> {
  const tunnel = createTunnel(config, {
    runtime: systemRuntime(),
    pool: createPool(config),
    tun: NOWHERE,
    transportFor: (_path, transport) => transport,
  })
  const look = (): readonly Way[] => (tunnel.stats().sessions[0]?.paths ?? []).map((path) => wayOf(path))
  try {
    await tunnel.start()
    return findingsOf(await settled(look), config)
  } catch (error) {
    return [{ about: 'server', level: 'fault', found: 'was not asked', advice: messageOf(error) }]
  } finally {
    await tunnel.close()
  }
}

function wayOf({ name, prober, localAddress, remoteAddress }: PathStats): Way {
  return {
    name,
    state: prober.state,
    rttMs: prober.smoothedRttMs ?? null,
    localAddress: localAddress ?? null,
    remoteAddress: remoteAddress ?? null,
  }
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
