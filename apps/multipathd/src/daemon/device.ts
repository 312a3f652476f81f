import type { PacketPool, TunDevice } from '@mp/interface'
import { openTun } from '@mp/tun'
import type { Tun } from '@mp/tun'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { ownRoutes } from '../network/index.ts'
import { openRelay } from './relay.ts'

/** Where the tunnel's packets come from and go to on this machine: a TUN device, or what stands for one. */
export type Device = TunDevice & Partial<Pick<Tun, 'skippedRoutes' | 'offloads' | 'setRoutes'>>

/** Opens what the config asks for: a TUN device, or a relay. Rejects with a coded error when it cannot be had. */
export function openDevice(
  config: Config,
  { pool, log }: { readonly pool: PacketPool; readonly log: Log },
): Promise<Device> {
  return config.relay === undefined ? openTunDevice(config, pool) : openRelay(config, { pool, log })
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
