import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { PacketPool, Runtime } from '@mp/interface'
import { CONTENT_TYPE, Registry } from '@mp/metrics'
import { parseEndpoint } from '@mp/runtime-node'
import type { TunnelStats } from '@mp/tunnel'
import type { Config } from '../config/index.ts'
import { isLoopback } from '../config/ip.ts'
import { programVersion } from '../program-version.ts'
import { isForThisMachine } from '../web/host-check.ts'
import { listen } from '../web/listen.ts'
import type { WebServer } from '../web/listen.ts'
import { reply } from '../web/reply.ts'
import { GO_READINGS } from './go-readings.ts'
import { HOST_READINGS } from './host-readings.ts'
import { PATH_READINGS } from './path-readings.ts'
import { Sampler } from './sampler.ts'
import { toldSessions } from './scrape.ts'
import { SESSION_READINGS } from './session-readings.ts'

export interface MetricsParts {
  readonly config: Pick<Config, 'isServer' | 'scheduling' | 'tun'>
  readonly stats: () => TunnelStats
  readonly pool: Pick<PacketPool, 'capacity'>
  readonly runtime: Pick<Runtime, 'nowMs' | 'setTimer'>
}

/** All metrics of a daemon. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #sampler: Sampler

  constructor({ config, stats, pool, runtime }: MetricsParts) {
    const registry = this.#registry
    registry
      .gauge({
        name: 'multipathd_info',
        help: 'What runs: always 1.',
        labels: ['version', 'role', 'scheduling', 'tun'],
      })
      .with({
        version: programVersion(),
        role: config.isServer ? 'server' : 'client',
        scheduling: config.scheduling,
        tun: config.tun.name,
      })
      .set(1)
    registry.read(() => {
      const now = stats()
      return { stats: now, sessions: toldSessions(now.sessions), slots: pool.capacity }
    }, [...PATH_READINGS, ...SESSION_READINGS, ...HOST_READINGS, ...GO_READINGS])
    this.#sampler = new Sampler({ registry, runtime, stats })
  }

  /** As Prometheus reads them, family by family: where there are many peers all at once would keep packets waiting. */
  chunks(): Iterable<string> {
    this.#sampler.touch()
    return this.#registry.chunks()
  }

  close(): void {
    this.#sampler.close()
  }
}

/**
 * Serves `metrics` at `endpoint`, to whoever asks; at a loopback address only to who means this machine.
 * Rejects with the error of Node when it cannot listen.
 */
export function serveMetrics(endpoint: string, metrics: Metrics): Promise<WebServer> {
  const parsed = parseEndpoint(endpoint)
  const isPrivate = !('error' in parsed) && isLoopback(parsed.host)
  return listen(endpoint, ({ method, url = '', headers }, response) => {
    if (isPrivate && !isForThisMachine(headers.host))
      reply(response, 421, 'ask for an IP address or localhost\n')
    else if (method !== 'GET') reply(response, 405, 'metrics are only read\n', { allow: 'GET' })
    else if (url.split('?', 1)[0] === '/metrics') void send(metrics, response)
    else reply(response, 404, 'metrics are at /metrics\n')
  })
}

/** Lets packets pass after each family. */
async function send(metrics: Metrics, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' })
  for (const chunk of metrics.chunks()) {
    if (response.destroyed) return
    response.write(chunk)
    await setImmediate()
  }
  response.end()
}
