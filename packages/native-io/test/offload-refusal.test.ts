import { spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { loadNativeIo } from '@mp/native-io'
import { createLab, requires } from '@mp/netlab'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPreload, compiler, type Preload } from './preload.ts'

const PACKETS = 120
const needs = { native: loadNativeIo().io !== undefined, linux: process.platform === 'linux' }
const missing = requires([], { ...needs, compiler })
const program = fileURLToPath(new URL('fixtures/runs.mjs', import.meta.url))
const arrived = { txPackets: PACKETS, received: PACKETS, inOrder: true, inUse: 0, losses: [] }

describe.skipIf(missing.length > 0)('a kernel that refuses segments [needs native, linux, compiler]', () => {
  let preload: Preload
  beforeAll(() => {
    preload = buildPreload('refuse-runs')
  })
  afterAll(() => preload?.remove())

  function sendRuns(code: keyof typeof constants.errno, lengthBytes: number): unknown {
    const args = [program, 'both', '127.0.0.1:0', String(lengthBytes)]
    const env = {
      ...process.env,
      LD_PRELOAD: preload.path,
      MP_REFUSE: String(constants.errno[code]),
    }
    return JSON.parse(spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 10_000 }).stdout)
  }

  it.each([
    ['EIO', 1400],
    ['EINVAL', 1200],
  ] as const)(
    'with %s has it switched off, which is told once, and nothing is lost or sent twice',
    (code, lengthBytes) => {
      const reason = `sending failed with ${code}`
      const losses = [
        { of: expect.stringMatching(/^UDP socket at 0\.0\.0\.0:\d+$/), offloads: ['gso'], reason },
      ]
      const expected = { ...arrived, gso: false, reason, sentMessages: PACKETS, losses }
      expect(sendRuns(code, lengthBytes)).toEqual(expected)
    },
  )

  // Older kernels say EINVAL to segments that are larger than the path takes.
  it.each([
    ['EINVAL', 1400],
    ['EMSGSIZE', 500],
  ] as const)('with %s, which may be due to their size, gets them one by one', (code, lengthBytes) => {
    expect(sendRuns(code, lengthBytes)).toEqual({ ...arrived, gso: true, sentMessages: PACKETS })
  })
})

/** Sends runs from one to the other, after `ip link set` with the words of `prepare` at both ends. */
async function sendOverLine(prepare: string, lengthBytes: number): Promise<unknown> {
  const lab = await createLab()
  try {
    const [near, far] = [await lab.namespace('near'), await lab.namespace('far')]
    const { name } = await lab.link(near, far, { aAddress: '10.98.0.1/24', bAddress: '10.98.0.2/24' })
    for (const host of [near, far]) await host.run('ip', ['link', 'set', 'dev', name, ...prepare.split(' ')])
    const ear = far.spawn(process.execPath, [program, 'hear', '10.98.0.2:9000'])
    await ear.waitFor(/ready/)
    const args = [program, 'send', '10.98.0.2:9000', String(lengthBytes)]
    const sent = JSON.parse(await near.run(process.execPath, args)) as object
    return { ...sent, ...(JSON.parse((await ear.exited).stdout) as object) }
  } finally {
    await lab.dispose()
  }
}

const unable = requires(['root', 'netns'], needs)

describe.skipIf(unable.length > 0)('a line between two hosts [needs native, linux, root, netns]', () => {
  it('whose device does no segmentation has the kernel do it', async () => {
    expect(await sendOverLine('gso_max_segs 1', 1000)).toEqual({ ...arrived, gso: true, sentMessages: 3 })
  })

  it('that takes only smaller packets gets them one by one, as fragments', async () => {
    expect(await sendOverLine('mtu 1280', 1400)).toEqual({ ...arrived, gso: true, sentMessages: PACKETS })
  })
})
