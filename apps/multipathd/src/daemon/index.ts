import { Mempool } from '@mp/mempool'
import { systemRuntime } from '@mp/runtime-node'
import { openTun } from '@mp/tun'
import { EXIT } from '../cli/exit-codes.ts'
import type { Io } from '../cli/io.ts'
import { createLog } from '../cli/log.ts'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { createTunnel } from './create-tunnel.ts'
import { createReporter } from './report.ts'
import { StopRequest } from './stop-request.ts'

/** Memory for packets in flight, bytes. */
const POOL_BYTES = 16 * 1024 * 1024
/** Room in a slot for what is not the packet: headers in front, a tag behind. */
const SLOT_ROOM_BYTES = 128

/**
 * Runs a client or a server until SIGINT or SIGTERM, and then removes all it made.
 * Rejects with a coded error when it cannot start.
 * @returns the exit code.
 */
export async function runDaemon(config: Config, io: Io): Promise<number> {
  const log = createLog(io.stdout)
  const stop = new StopRequest()
  const runtime = systemRuntime()
  const pool = createPool(config)
  const { name, mtu, backend, localAddr, remoteAddr, allowedIPs } = config.tun
  const tun = await openTun({
    pool,
    name,
    mtuBytes: mtu,
    ...(backend === 'auto' ? {} : { backend }),
    addresses: localAddr.map((local, index) => ({ local, peer: remoteAddr[index]! })),
    routes: allowedIPs,
  })
  const tunnel = createTunnel(config, {
    runtime,
    pool,
    tun,
    onEvent: createReporter(config, log),
    onTunClose: (error) => {
      if (error !== undefined)
        stop.request({ exit: EXIT.unavailable, reason: `${tun.name} is gone: ${error.message}` })
    },
  })
  try {
    await tunnel.start()
  } catch (error) {
    await tunnel.close()
    throw error
  }
  sayStart(config, log, { tun: `${tun.name} (${tun.backend})`, transport: tunnel.transport })
  const { exit, reason } = await stop.requested
  log.info(`stopping: ${reason}`, { stats: tunnel.stats() })
  await tunnel.close()
  return exit
}

function createPool({ tun, client }: Config): Mempool {
  const largest = Math.max(tun.mtu, ...client.remotePaths.map((path) => path.mtu), 1500)
  // What fits into a slot of 2 KiB with its rooms, unless packets are larger.
  const packetBytes = Math.max(1920, largest + SLOT_ROOM_BYTES)
  const slots = Math.max(512, Math.floor(POOL_BYTES / (packetBytes + SLOT_ROOM_BYTES)))
  return new Mempool({ classes: [{ packetBytes, slots }] })
}

function sayStart(
  config: Config,
  log: Log,
  runs: { readonly tun: string; readonly transport: string },
): void {
  log.warn('nothing is encrypted and anyone may join: "security" is "none"')
  if (config.isServer) log.info(`server listens at ${config.server?.listen}`, runs)
  else log.info(`client has ${config.client.remotePaths.length} paths`, runs)
}
