import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseMetrics } from '@mp/testkit'
import type { MetricFamily } from '@mp/testkit'
import type { Namespace } from '@mp/netlab'
import { needs } from './support/needs.ts'
import { INSIDE, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

const SCRAPE = `
const { get } = await import('node:http')
const [url, host] = process.argv.slice(1)
get(url, { headers: host === undefined ? {} : { host } }, (response) => {
  console.log(response.statusCode)
  response.pipe(process.stdout)
})`

describe.skipIf(missing)(`the metrics of a daemon ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ secure: true })
  })
  afterEach(() => stage.dispose())

  test('are served at both ends, well formed, and count what flows', async () => {
    await stage.startServer({ promListenAddr: '0.0.0.0:9131' })
    await stage.startClient()
    await stage.client.run('ping', ['-c', '20', '-i', '0.02', '-s', '1000', INSIDE.server[0]])
    const client = parseMetrics(await scrape(stage.client, 'http://127.0.0.1:2131/metrics'))
    expect(sum(client, 'multipathd_path_transmit_bytes_total')).toBeGreaterThan(20 * 1000)
    expect(sum(client, 'multipath_node_udp_traffic_total')).toBeGreaterThan(40 * 1000)
    expect(sum(client, 'multipath_prober_state')).toBe(2)
    expect(sum(client, 'process_cpu_seconds_total')).toBeGreaterThan(0)
    const server = parseMetrics(await scrape(stage.client, 'http://10.77.1.2:9131/metrics'))
    expect(
      server.get('multipathd_path_used')?.samples.map(({ labels, value }) => [labels['peer'], value]),
    ).toEqual([
      ['client', 1],
      ['client', 1],
    ])
  })

  test('answer at loopback only who means this machine, and are nowhere under "none"', async () => {
    const server = await stage.startServer({ promListenAddr: 'none' })
    await stage.startClient()
    await expect(scrape(stage.client, 'http://127.0.0.1:2131/metrics', 'evil.example')).rejects.toThrow('421')
    await expect(scrape(stage.server, 'http://127.0.0.1:2131/metrics')).rejects.toThrow('ECONNREFUSED')
    expect(server.count(/^metrics are/)).toBe(0)
  })
})

/** What is served, unless it is an error. */
async function scrape(from: Namespace, url: string, host?: string): Promise<string> {
  const args = ['--input-type=module', '-e', SCRAPE, url, ...(host === undefined ? [] : [host])]
  const answer = await from.run(process.execPath, args)
  const [status] = answer.split('\n', 1)
  if (status !== '200') throw new Error(answer)
  return answer.slice(status.length + 1)
}

function sum(families: ReadonlyMap<string, MetricFamily>, name: string): number {
  return families.get(name)!.samples.reduce((total, { value }) => total + value, 0)
}
