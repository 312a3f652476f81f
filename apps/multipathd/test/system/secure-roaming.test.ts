import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { natBetween } from '@mp/netlab'
import type { NatBetween } from '@mp/netlab'
import { startDownload } from './support/download.ts'
import { needs } from './support/needs.ts'
import { INSIDE, PORT, createStage } from './support/stage.ts'
import type { Stage } from './support/stage.ts'

const { missing, text } = needs()

/** Longest silence of a transfer whose NAT gets another address and gives out other ports, ms. */
const GAP_MS = 1000
/** How long a transfer runs before and after that, ms. */
const BEFORE_MS = 1000
const AFTER_MS = 2000
/** How much of the time before it counts, s. */
const SETTLED_SECONDS = 0.3
const RATE_MBIT = 30

describe.skipIf(missing)(`a client behind a NAT ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ secure: true, lines: 0 })
  })
  afterEach(() => stage.dispose())

  test.each([
    { tcp: false, lines: 2 },
    { tcp: true, lines: 1 },
  ])('goes on when its address and ports change, tcp: $tcp, lines: $lines', async ({ tcp, lines }) => {
    const { client, server } = stage
    const nat = await natBetween(stage.lab, stage, { lines, rateMbit: RATE_MBIT })
    const remotePaths = nat.clientAddresses.map((localAddr) => ({
      localAddr,
      remoteAddr: `${nat.serverAddress}:${PORT}`,
    }))
    const daemon = await stage.startServer({ tcp })
    await stage.startClient({ tcp, client: { remotePaths } })
    const transfers = [
      await startDownload({ from: server, to: client }, INSIDE.server[0]),
      await startDownload({ from: client, to: server }, INSIDE.client[0]),
    ]
    await sleep(BEFORE_MS)
    const changedMs = Date.now()
    const seconds = transfers.map((each) => each.elapsed())
    await changeAddress(nat)
    await sleep(AFTER_MS)
    for (const [index, transfer] of transfers.entries()) {
      const { mbit, gapMs } = transfer.measure(seconds[index]! - SETTLED_SECONDS, Infinity)
      expect(gapMs).toBeLessThan(GAP_MS)
      expect(mbit).toBeGreaterThan(RATE_MBIT / 10)
    }
    // One for the start, and where the only connection broke, few for what followed.
    expect(daemon.count(/^tunnel established/)).toBeLessThanOrEqual(3)
    for (let path = 0; path < lines; path++) {
      await daemon.says(new RegExp(`^path ${path}: leads to 203\\.0\\.113\\.9:4\\d{4}( over TCP)?$`), {
        sinceMs: changedMs,
      })
    }
  })
})

/** Longest silence of a transfer whose machine gets another address, ms. */
const OWN_GAP_MS = 3000
/** How long the machine has no address at all, ms. */
const BARE_MS = 500

describe.skipIf(missing)(`a client whose own address changes ${text}`, () => {
  let stage: Stage
  beforeEach(async () => {
    stage = await createStage({ secure: true, lines: 1, rateMbit: RATE_MBIT })
  })
  afterEach(() => stage.dispose())

  test.each([
    { about: 'another one at once', path: {}, fresh: '10.77.1.9', bareMs: 0 },
    { about: 'none, then another one', path: {}, fresh: '10.77.1.9', bareMs: BARE_MS },
    { about: 'none, then the same', path: { localAddr: '10.77.1.1' }, fresh: '10.77.1.1', bareMs: BARE_MS },
    { about: 'another one of its device', path: { device: 'link1' }, fresh: '10.77.1.9', bareMs: 0 },
  ])('goes on with a fresh socket: $about', async ({ path, fresh, bareMs }) => {
    const { client, server } = stage
    const daemon = await stage.startServer()
    const own = await stage.startClient({
      client: { remotePaths: [{ remoteAddr: `10.77.1.2:${PORT}`, ...path }] },
    })
    const transfer = await startDownload({ from: client, to: server }, INSIDE.client[0])
    await sleep(BEFORE_MS)
    const second = transfer.elapsed()
    await client.run('ip', ['addr', 'del', '10.77.1.1/24', 'dev', 'link1'])
    await sleep(bareMs)
    await client.run('ip', ['addr', 'add', `${fresh}/24`, 'dev', 'link1'])
    await sleep(bareMs + 2 * AFTER_MS)
    const { mbit, gapMs } = transfer.measure(second - SETTLED_SECONDS, Infinity)
    expect(gapMs).toBeLessThan(OWN_GAP_MS)
    expect(mbit).toBeGreaterThan(RATE_MBIT / 10)
    // The server says where the path leads whenever that is new.
    const leads = `leads to ${fresh}:`.replaceAll('.', '\\.')
    await daemon.says(new RegExp(`^path 0: ${leads}`))
    expect(own.count(/^tunnel established/)).toBeLessThanOrEqual(2)
  })
})

/**
 * What a line that gets another address from its provider does to those behind it: the kernel forgets all it had
 * translated to the old one, and new flows get other ports.
 */
async function changeAddress({ nat, outside }: NatBetween): Promise<void> {
  await nat.setSysctl('net/ipv4/conf/all/promote_secondaries', '1')
  const rules = ['udp', 'tcp'].map(
    (protocol) =>
      `add rule ip nat leaving oifname ${outside.name} meta l4proto ${protocol} masquerade to :40000-49999`,
  )
  await nat.run('nft', ['-f', '-'], { input: ['flush chain ip nat leaving', ...rules, ''].join('\n') })
  const addresses = ['addr add 203.0.113.9/24', 'addr del 203.0.113.1/24']
  const input = addresses.map((each) => `${each} dev ${outside.name}\n`).join('')
  await nat.run('ip', ['-batch', '-'], { input })
}
