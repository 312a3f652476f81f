import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/index.ts'
import { createPool } from '../../src/daemon/pool.ts'
import { client } from '../config/samples.ts'

function poolFor(tunMtu: number, pathMtu: number) {
  const remotePaths = [{ remoteAddr: '192.0.2.7:5000', mtu: pathMtu }]
  const config = { ...client, tun: { ...client.tun, mtu: tunMtu }, client: { remotePaths } }
  const result = parseConfig(JSON.stringify(config))
  if ('faults' in result) throw new Error(result.faults[0]?.message)
  return createPool(result.config)
}

describe('the memory for packets', () => {
  test('is 16 MiB in slots of 2 KiB for usual sizes', () => {
    const { arenaBytes, capacity } = poolFor(1400, 1500).stats()
    expect([arenaBytes, capacity]).toEqual([16 * 1024 * 1024, 8192])
  })

  test.each([
    [576, 65_535],
    [9000, 1500],
    [65_535, 576],
    [65_535, 65_535],
  ])('holds the largest packet of each MTU that a config may have: tun %i, path %i', (tunMtu, pathMtu) => {
    const pool = poolFor(tunMtu, pathMtu)
    expect(pool.packetBytes).toBeGreaterThanOrEqual(Math.min(65_536, Math.max(tunMtu, pathMtu) + 32))
    expect(pool.capacity).toBeGreaterThanOrEqual(512)
  })
})
