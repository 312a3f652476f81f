import type { PacketPool, TunDevice } from '@mp/interface'
import { TunError, openTun } from '@mp/tun'
import type { Tun } from '@mp/tun'
import type { Io } from '../cli/io.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { askRunning, runsAlready, socketPathOf } from '../control/index.ts'
import { ownRoutes } from '../network/index.ts'
import { openRelay } from './relay.ts'

/** Where the tunnel's packets come from and go to on this machine: a TUN device, or what stands for one. */
export type Device = TunDevice & Partial<Pick<Tun, 'skippedRoutes' | 'offloads' | 'setRoutes'>>

/** What it takes to open one. */
interface DeviceParts {
  readonly pool: PacketPool
  readonly log: Log
  readonly env: Io['env']
}

/** Opens what the config asks for: a TUN device, or a relay. Rejects with a coded error when it cannot be had. */
export async function openDevice(config: Config, { pool, log, env }: DeviceParts): Promise<Device> {
  if (config.relay !== undefined) return openRelay(config, { pool, log })
  try {
    return await openTunDevice(config, pool)
  } catch (error) {
    throw (await ownerOf(error, config, env)) ?? error
  }
}

/** That a daemon with this config has the device, if that is what went wrong. */
async function ownerOf(error: unknown, config: Config, env: Io['env']): Promise<Error | undefined> {
  const socketPath = socketPathOf(config, env)
  const isBusy = error instanceof TunError && error.code === 'MP_TUN_BUSY'
  const running = isBusy && socketPath !== undefined ? await askRunning(socketPath) : undefined
  return running === undefined ? undefined : runsAlready(running)
}

function openTunDevice(config: Config, pool: PacketPool): Promise<Tun> {
  const { name, mtu, backend, localAddr, remoteAddr } = config.tun
  return openTun({
    pool,
    name,
    mtuBytes: mtu,
    // With keys nothing can change between the ends, so that a checksum over it would protect nothing.
    partialChecksums: config.security !== 'none',
    offload: config.offload,
    ...(backend === 'auto' ? {} : { backend }),
    addresses: localAddr.map((local, index) => ({ local, peer: remoteAddr[index]! })),
    routes: ownRoutes(config),
  })
}
