import type { PacketPool, TunDevice } from '@mp/interface'
import { relayEntry, relayExit } from '@mp/relay'
import { udpSocket } from '@mp/udpmux'
import { messageOf } from '../cli/explain.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { familyOf } from '../config/ip.ts'

/** Opens the end of a relay that the role asks for. Rejects with the coded error of the socket. */
export async function openRelay(
  { isServer, relay, tun }: Config,
  { pool, log }: { readonly pool: PacketPool; readonly log: Log },
): Promise<TunDevice> {
  const localAddress = ipv4Of(tun.localAddr)
  const common = { pool, openSocket: udpSocket, localAddress }
  if (isServer) {
    const target = relay!.target!
    const onError = (error: unknown): void =>
      log.warn(`no socket for a flow to ${target}: ${messageOf(error)}`, { target })
    return relayExit({ ...common, target, onError })
  }
  const entry = await relayEntry({ ...common, listen: relay!.listen!, remoteAddress: ipv4Of(tun.remoteAddr) })
  log.info(`relay: send datagrams to ${entry.localAddress}`, { relay: entry.localAddress })
  return entry
}

/** There is one: the config was checked. */
const ipv4Of = (addresses: readonly string[]): string => addresses.find((address) => familyOf(address) === 4)!
