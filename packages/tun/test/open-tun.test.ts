import { fileURLToPath } from 'node:url'
import { loadNativeIo } from '@mp/native-io'
import { createLab, type Lab, type Namespace, requires, type Running } from '@mp/netlab'
import type { TunOptions } from '@mp/tun'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const missing = requires(['root', 'tun', 'netns', 'ping'], { native: loadNativeIo().io !== undefined })
const FIXTURE = fileURLToPath(new URL('fixtures/open-tun.mjs', import.meta.url))

let lab: Lab
let host: Namespace
beforeAll(async () => {
  if (missing.length > 0) return
  lab = await createLab()
  host = await lab.namespace('host')
})
afterAll(() => lab?.dispose())

type Answer = Readonly<Record<string, unknown>>

/** Opens a device in a process of its own; `prefix` goes before the command. */
function open(options: Omit<TunOptions, 'pool'>, prefix: readonly string[] = []): Running {
  return host.spawn('env', [...prefix, process.execPath, FIXTURE, JSON.stringify(options)])
}

async function answerOf(process: Running): Promise<Answer> {
  const [line] = await process.waitFor(/^\{.*\}$/m)
  return JSON.parse(line) as Answer
}

const ip = (...args: string[]): Promise<string> => host.run('ip', args)

describe.skipIf(missing.length > 0)('a TUN device [needs root, tun, netns, ping, native]', () => {
  it('is set up as asked for, carries packets, and leaves nothing behind', async () => {
    await ip('route', 'add', '10.66.0.0/16', 'dev', 'lo')
    const process = open({
      name: 'demo0',
      mtuBytes: 1400,
      queuePackets: 123,
      addresses: [
        { local: '10.8.0.1', peer: '10.8.0.2' },
        { local: 'fd00:8::1', prefix: 64 },
      ],
      routes: ['10.9.0.0/16', '10.66.0.0/16', 'fd00:9::/64'],
    })
    expect(await answerOf(process)).toEqual({
      name: 'demo0',
      backend: 'native',
      mtuBytes: 1400,
      skippedRoutes: ['10.66.0.0/16'],
      offloads: expect.objectContaining({ checksum: true, tso: true, coalesce: true }) as object,
    })
    expect(await ip('link', 'show', 'dev', 'demo0')).toMatch(/UP.* mtu 1400 .* qlen 123\n/)
    const addresses = await ip('address', 'show', 'dev', 'demo0')
    expect(addresses).toContain('inet 10.8.0.1 peer 10.8.0.2/32')
    expect(addresses).toContain('inet6 fd00:8::1/64 scope global nodad')
    expect(await ip('route', 'show', '10.9.0.0/16')).toContain('dev demo0')
    expect(await ip('-6', 'route', 'show', 'fd00:9::/64')).toContain('dev demo0')
    await host.run('ping', ['-c', '2', '-i', '0.01', '-W', '2', '10.8.0.2'])
    await host.run('ping', ['-c', '1', '-W', '2', '10.9.7.7'])

    process.child.kill('SIGUSR2')
    await process.waitFor(/\{"closed":true\}\n\{"inUse":0\}/)
    expect(await ip('link')).not.toContain('demo0')
    expect(await ip('route')).not.toMatch(/demo0|10\.8|10\.9/)
    expect(await ip('-6', 'route')).not.toMatch(/demo0|fd00/)
    expect(await ip('route', 'show', '10.66.0.0/16')).toContain('dev lo')
    expect(await process.kill()).toMatchObject({ code: 0 })
    await ip('route', 'del', '10.66.0.0/16', 'dev', 'lo')
  })

  it('may have any name and no address', async () => {
    const process = open({})
    expect(await answerOf(process)).toMatchObject({ name: expect.stringMatching(/^tun\d+$/) as string })
    await process.kill('SIGKILL')
  })

  it.each([
    [{ name: 'a-name-too-long-' }, 'MP_TUN_NAME', '(16 characters)'],
    [{ name: 'lo' }, 'MP_TUN_BUSY', 'choose another name'],
    [
      { addresses: [{ local: '10.8.0.1' }, { local: '10.8.0.1' }] },
      'MP_TUN_ADDRESS',
      'cannot set address 10.8.0.1',
    ],
    [{ routes: ['10.9.0.0/16', '10.9.0.1/16'] }, 'MP_TUN_ROUTE', '10.9.0.1/16'],
  ])('of %j is refused with %s, and nothing is left', async (options, code, hint) => {
    const before = await ip('link')
    const process = open(options)
    expect(await answerOf(process)).toEqual({ code, message: expect.stringContaining(hint) as string })
    expect(await process.exited).toMatchObject({ code: 0 })
    expect(await ip('link')).toBe(before)
  })

  it.each([
    ['root', ['--reuid=65534', '--regid=65534', '--clear-groups']],
    ['CAP_NET_ADMIN', ['--bounding-set=-net_admin']],
  ])('needs %s, and says so', async (right, lacking) => {
    expect(await answerOf(open({}, ['setpriv', ...lacking]))).toEqual({
      code: 'MP_TUN_PERMISSION',
      message: expect.stringContaining(right) as string,
    })
  })

  it('needs /dev/net/tun, and says how to get it', async () => {
    const hidden = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /dev/net && exec "$@"', 'sh']
    expect(await answerOf(open({}, hidden))).toEqual({
      code: 'MP_TUN_NO_DEVICE',
      message: expect.stringContaining('modprobe tun') as string,
    })
  })
})
