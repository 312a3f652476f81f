import { Mempool } from '@mp/mempool'
import { AdaptiveScheduler } from '@mp/scheduler-cfs'
import { MemoryNetwork, memoryTransport, memoryTun, simRuntime, udpPacket } from '@mp/testkit'
import type { LineOptions, MemoryTun, NetworkPath, SimRuntime } from '@mp/testkit'
import { TunnelClient, TunnelServer } from '@mp/tunnel'
import { fragmenter } from '@mp/udpmux'
import { parseConfig } from '../../src/config/index.ts'
import type { Config } from '../../src/config/index.ts'
import type { Tunnel } from '../../src/daemon/create-tunnel.ts'
import { EventLog } from '../../src/daemon/event-log.ts'
import { Monitor } from '../../src/daemon/monitor.ts'
import { createReporter } from '../../src/daemon/report.ts'
import * as samples from '../config/samples.ts'

/** What of a daemon is looked at, on a tunnel in memory. */
export interface VirtualDaemon {
  readonly tunnel: Tunnel
  readonly tun: MemoryTun
  readonly monitor: Monitor
  readonly events: EventLog
}

/** A client with two lines and its server, in virtual time that begins on the first day of 2026. */
export interface VirtualDaemons {
  readonly runtime: SimRuntime
  readonly lines: readonly NetworkPath[]
  readonly client: VirtualDaemon
  readonly server: VirtualDaemon
  /** A packet of 1200 bytes from the client's side, `perMs` times a millisecond for `ms`. */
  upload(ms: number, perMs?: number): Promise<void>
  close(): Promise<void>
}

const START_MS = Date.UTC(2026, 0, 1)
const SERVER_HOST = '10.0.0.2'
const NAMES = ['dsl', 'lte']
const silent = { info() {}, warn() {}, error() {} }

/** Starts both and waits until both paths work. */
export async function virtualDaemons(lines: readonly LineOptions[] = []): Promise<VirtualDaemons> {
  const runtime = simRuntime({ seed: 1 })
  const network = new MemoryNetwork({ runtime, line: { delayMs: 10, rateBps: 20e6 } })
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 4096 }] })
  const transport = memoryTransport(network, { pool })
  const endpoint = `${SERVER_HOST}:5000`
  const paths = NAMES.map((name, index) => ({
    name,
    transport,
    endpoint,
    localAddress: `10.0.1.${index + 1}`,
  }))
  const server = daemon(configOf(samples.server), { runtime, pool }, (common) => {
    const tunnel = new TunnelServer({ ...common, listen: [{ transport, endpoint }] })
    return Object.assign(tunnel, { begin: () => tunnel.start() })
  })
  const client = daemon(
    configOf(samples.client),
    { runtime, pool },
    (common) => new TunnelClient({ ...common, paths }),
  )
  const links = paths.map(({ localAddress }) => network.path(localAddress, SERVER_HOST))
  for (const [index, options] of lines.entries()) links[index]!.set(options)
  await server.tunnel.start()
  await client.tunnel.start()
  await runtime.advance(500)
  return {
    runtime,
    lines: links,
    client,
    server,
    async upload(ms, perMs = 1) {
      for (let passed = 0; passed < ms; passed++) {
        client.tun.injectBatch(Array.from({ length: perMs }, () => PACKET))
        await runtime.advance(1)
      }
    },
    async close() {
      for (const { tunnel, monitor } of [client, server]) {
        monitor.close()
        await tunnel.close()
      }
    },
  }
}

const PACKET = udpPacket({
  src: '10.8.0.1',
  dst: '10.8.0.2',
  srcPort: 1,
  dstPort: 2,
  payload: new Uint8Array(1172),
})

function configOf(sample: object): Config {
  const parsed = parseConfig(JSON.stringify(sample))
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return parsed.config as Config
}

interface Ground {
  readonly runtime: SimRuntime
  readonly pool: Mempool
}

type Bare = Pick<Tunnel, 'stats' | 'close'> & { start(): unknown }

function daemon(
  config: Config,
  { runtime, pool }: Ground,
  make: (common: ReturnType<typeof commonOf>) => Bare,
): VirtualDaemon {
  const wallMs = (): number => START_MS + runtime.nowMs()
  const events = new EventLog(wallMs)
  const tun = memoryTun({ pool, mtuBytes: 1400, name: 'mp0' })
  const onEvent = createReporter(config, { log: silent, events })
  const bare = make(commonOf({ runtime, pool }, tun, onEvent))
  const tunnel: Tunnel = {
    transport: 'memory',
    encryption: undefined,
    reasonFor: () => '',
    change: () => {},
    setPath: () => {},
    pathControl: undefined,
    start: async () => {
      await bare.start()
    },
    stats: () => bare.stats(),
    close: () => bare.close(),
  }
  const seen = { name: tun.name, backend: tun.backend, mtuBytes: tun.mtuBytes, offloads: () => undefined }
  const monitor = new Monitor({ config: () => config, tunnel, tun: seen, pool, runtime, wallMs })
  return { tunnel, tun, monitor, events }
}

function commonOf({ runtime, pool }: Ground, tun: MemoryTun, onEvent: ReturnType<typeof createReporter>) {
  return {
    runtime,
    pool,
    tun,
    onEvent,
    isAdaptive: true,
    createScheduler: () => new AdaptiveScheduler<never>(),
    createFragmenter: () => fragmenter({ pool }),
  }
}
