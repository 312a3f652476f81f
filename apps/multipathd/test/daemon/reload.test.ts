import { describe, expect, test } from 'vitest'
import { loadKeys, parseConfig } from '../../src/config/index.ts'
import type { Config, RemotePath } from '../../src/config/index.ts'
import { diffConfigs } from '../../src/daemon/config-diff.ts'
import type { ConfigDiff } from '../../src/daemon/config-diff.ts'
import { withPath, withPathChanged, withoutPath } from '../../src/daemon/path-edits.ts'
import { EventLog } from '../../src/daemon/event-log.ts'
import { FileReloader } from '../../src/daemon/reload-file.ts'
import { Reloader } from '../../src/daemon/reload.ts'
import type { ReloadParts } from '../../src/daemon/reload.ts'
import { KEYS, secureClient, secureServer } from '../config/samples.ts'

function configOf(value: object): Config {
  const parsed = parseConfig(JSON.stringify(value))
  const loaded = 'config' in parsed ? loadKeys(parsed.config, '/') : parsed
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults))
  return loaded.config
}

const dsl = { name: 'dsl', remoteAddr: '192.0.2.7:5000' }
const lte = { name: 'lte', remoteAddr: '192.0.2.7:5001' }
const clientWith = (...remotePaths: object[]): Config =>
  configOf({ ...secureClient, client: { remotePaths } })
const ann = { name: 'ann', publicKey: KEYS.client.publicKey, allowedIPs: ['10.8.0.2/32'] }
const bob = { name: 'bob', publicKey: KEYS.preshared, allowedIPs: ['10.8.0.3/32'] }
const serverWith = (...peers: object[]): Config =>
  configOf({ ...secureServer, server: { ...secureServer.server, peers } })

const names = (entries: readonly { readonly name: string }[]): string[] => entries.map(({ name }) => name)

const pathsOf = (config: Config): readonly RemotePath[] => config.client.remotePaths

/** What the parts of a daemon are told. */
function daemonWith(
  config: Config,
  refuse: (diff: ConfigDiff) => void = () => {},
  around: Partial<Pick<ReloadParts, 'network' | 'route'>> = {},
) {
  const diffs: ConfigDiff[] = []
  const followed: Config[] = []
  const levels: string[] = []
  const reloader = new Reloader(config, {
    tunnel: {
      change: (diff) => {
        refuse(diff)
        diffs.push(diff)
      },
    },
    route: async ({ server }) => (server?.peers ?? []).flatMap(({ allowedIPs }) => allowedIPs.slice(1)),
    network: { follow: async () => {} },
    meters: { follow: (next) => followed.push(next) },
    log: { setLevel: (level) => levels.push(level) },
    ...around,
  })
  return { reloader, diffs, followed, levels }
}

const failing = (what: string) => () => Promise.reject(new Error(what))

function refuseBob({ peers }: ConfigDiff): void {
  if (names(peers.added).includes('bob')) throw new RangeError('no bob')
}

describe('the difference of two configs', () => {
  test('is nothing between a config and itself read again', () => {
    expect(diffConfigs(clientWith(dsl, lte), clientWith(dsl, lte))).toEqual({
      paths: { added: [], removed: [], replaced: [], changed: [] },
      peers: { added: [], removed: [], replaced: [], changed: [] },
      modes: undefined,
      logLevel: undefined,
      fixed: [],
    })
  })

  test('tells paths that come, go, lead elsewhere and are used in another way', () => {
    const sat = { ...lte, name: 'sat', remoteAddr: '192.0.2.7:5002' }
    const { paths } = diffConfigs(
      clientWith(dsl, lte, sat),
      clientWith(
        { ...dsl, weight: 3, role: 'secondary' },
        { ...sat, localAddr: '10.0.0.1' },
        { ...lte, name: 'new', remoteAddr: '192.0.2.7:5003' },
      ),
    )
    expect(Object.entries(paths).map(([what, entries]) => [what, names(entries)])).toEqual([
      ['added', ['new']],
      ['removed', ['lte']],
      ['replaced', ['sat']],
      ['changed', ['dsl']],
    ])
  })

  test('does not depend on the order of paths', () => {
    const { paths } = diffConfigs(clientWith(dsl, lte), clientWith(lte, dsl))
    expect(Object.values(paths).flat()).toEqual([])
  })

  test('sees another key of a client, and another preshared one', () => {
    const changed = { ...ann, presharedKey: KEYS.preshared }
    expect(names(diffConfigs(serverWith(ann), serverWith(changed)).peers.replaced)).toEqual(['ann'])
    expect(names(diffConfigs(serverWith(changed), serverWith(changed)).peers.replaced)).toEqual([])
    const { peers } = diffConfigs(serverWith(ann), serverWith(bob))
    expect([names(peers.added), names(peers.removed)]).toEqual([['bob'], ['ann']])
  })

  test.each([
    [{ tun: { ...secureClient.tun, mtu: 1300 } }, ['tun.mtu']],
    [{ tcp: true }, ['tcp']],
    [{ scheduling: 'static' }, ['scheduling']],
    [{ offload: { gso: false, tso: false } }, ['offload.gso', 'offload.tso']],
    [{ promListenAddr: '127.0.0.1:9' }, ['promListenAddr']],
    [{ security: { ...secureClient.security, privateKey: KEYS.preshared } }, ['security.privateKey']],
    [{ user: 'nobody' }, ['user']],
    [{ tun: { ...secureClient.tun, allowedIPs: ['10.1.0.0/16'] } }, ['tun.allowedIPs']],
    [{ dashboard: {} }, ['dashboard']],
    [{ log: { format: 'json' } }, ['log.format']],
  ])('names each key that cannot change: %j', (change, keys) => {
    const from = configOf({ ...secureClient, client: { remotePaths: [dsl] } })
    const to = configOf({ ...secureClient, client: { remotePaths: [dsl] }, ...change })
    expect(diffConfigs(from, to).fixed.map(({ key }) => key)).toEqual(keys)
  })
})

describe('a reload', () => {
  test('says what was done and what needs a restart, and goes on from there', async () => {
    const { reloader, diffs, followed } = daemonWith(clientWith(dsl))
    const next = {
      ...clientWith({ ...dsl, weight: 2 }, lte),
      tcp: true,
      mode: { bulk: 'redundant' } as const,
    }
    expect(await reloader.apply(next)).toEqual({
      applied: ['client.remotePaths: added lte', 'client.remotePaths: changed dsl', 'mode: changed'],
      needsRestart: ['tcp: cannot change while the daemon runs, as all links are made of it: restart it'],
    })
    expect(diffs.map(({ paths, modes }) => [names(paths.changed), names(paths.added), modes])).toEqual([
      [['dsl'], [], undefined],
      [[], ['lte'], undefined],
      [[], [], { bulk: 'redundant' }],
    ])
    expect(followed[0]).toEqual(reloader.config)
    expect(reloader.config).toMatchObject({ tcp: false, mode: { bulk: 'redundant' } })
    expect(await reloader.apply({ ...next, tcp: false })).toEqual({ applied: [], needsRestart: [] })
  })

  test('that is refused in the middle leaves the config that runs, and the next one goes on from there', async () => {
    const sat = { name: 'sat', remoteAddr: '192.0.2.7:5002' }
    let isFull = true
    const { reloader, diffs, followed } = daemonWith(clientWith(dsl), ({ paths }) => {
      if (isFull && names(paths.added).includes('sat')) throw new RangeError('no path id is free')
    })
    const wished = clientWith({ ...dsl, weight: 2 }, lte, sat)
    await expect(reloader.apply(wished)).rejects.toThrow(/no path id is free/)
    expect(pathsOf(reloader.config)).toEqual(pathsOf(clientWith({ ...dsl, weight: 2 }, lte)))
    expect(followed).toEqual([reloader.config])
    isFull = false
    diffs.length = 0
    expect((await reloader.apply(wished)).applied).toEqual(['client.remotePaths: added sat'])
    expect(diffs.map(({ paths }) => names(paths.added))).toEqual([['sat']])
    expect(reloader.config).toEqual(wished)
  })

  test('says all that was refused, the first first, and what was done all the same', async () => {
    const around = { network: { follow: failing('no NAT') }, route: failing('no route') }
    const { reloader, followed } = daemonWith(serverWith(ann), refuseBob, around)
    const cas = { ...ann, name: 'cas', allowedIPs: ['10.8.0.4/32'] }
    await expect(reloader.apply(serverWith(cas, bob))).rejects.toThrow(
      /^no bob; then: no NAT; then: no route \(applied all the same: server\.peers: added cas; server\.peers: removed ann\)$/,
    )
    expect(followed).toEqual([reloader.config])
    await expect(reloader.apply(reloader.config)).rejects.toThrow(
      /^no NAT; then: no route \(nothing was applied\)$/,
    )
  })

  test('lets clients go before others come with what was theirs', async () => {
    const { reloader, diffs } = daemonWith(serverWith(ann, bob))
    const swapped = serverWith({ ...ann, publicKey: bob.publicKey }, { ...bob, publicKey: ann.publicKey })
    await reloader.apply(swapped)
    expect(diffs.map(({ peers }) => [names(peers.removed), names(peers.added)])).toEqual([
      [['ann'], []],
      [['bob'], []],
      [[], ['ann']],
      [[], ['bob']],
    ])
    expect(reloader.config).toEqual(swapped)
  })

  test('makes the log quieter at once', async () => {
    const { reloader, levels } = daemonWith(clientWith(dsl))
    const quiet = { ...clientWith(dsl), log: { format: 'auto', level: 'warn' } as const }
    expect(await reloader.apply(quiet)).toEqual({ applied: ['log.level: warn'], needsRestart: [] })
    expect(await reloader.apply(quiet)).toEqual({ applied: [], needsRestart: [] })
    expect(levels).toEqual(['warn'])
  })

  test('names networks of new clients that have a route already', async () => {
    const { reloader } = daemonWith(serverWith(ann))
    const outcome = await reloader.apply(
      serverWith(ann, { ...bob, allowedIPs: ['10.8.0.3/32', '10.5.0.0/16'] }),
    )
    expect(outcome.applied).toEqual([
      'server.peers: added bob',
      '10.5.0.0/16 is routed elsewhere already: left as it is',
    ])
  })
})

describe('paths that are changed by command', () => {
  const config = clientWith(dsl, { ...lte, quota: { bytes: '5 GB' } })

  test('come with the defaults of the config file, and go', () => {
    const more = withPath(config, { name: 'sat', remoteAddr: '192.0.2.7:5002', role: 'backup' })
    expect(pathsOf(more)[2]).toMatchObject({ name: 'sat', role: 'backup', weight: 1, mtu: 1500 })
    expect(names(pathsOf(withoutPath(more, 'dsl')))).toEqual(['lte', 'sat'])
  })

  test('keep what is not said, and lose what is null', () => {
    const [, changed] = pathsOf(withPathChanged(config, 'lte', { weight: 5, maxSendMbit: 2 }))
    expect(changed).toMatchObject({ weight: 5, maxSendMbit: 2, quota: { bytes: 5e9 } })
    const [, again] = pathsOf(withPathChanged(config, 'lte', { quota: { bytes: '7 GB' } }))
    expect(again!.quota!.bytes).toBe(7e9)
    const [, free] = pathsOf(withPathChanged(config, 'lte', { quota: null, weight: null }))
    expect(free).toMatchObject({ weight: 1 })
    expect(free!.quota).toBeUndefined()
  })

  test.each<[string, (from: Config) => Config, RegExp]>([
    ['an unknown name', (from) => withoutPath(from, 'sat'), /no path "sat": there are dsl, lte/],
    ['the last path', (from) => withoutPath(withoutPath(from, 'dsl'), 'lte'), /last path/],
    [
      'a faulty key',
      (from) => withPathChanged(from, 'dsl', { weight: -1 }),
      /weight: expected a whole number/,
    ],
    [
      'an unknown key',
      (from) => withPathChanged(from, 'dsl', { wieght: 2 }),
      /^wieght: unknown key "wieght": did you mean "weight"\?/,
    ],
    [
      'an unknown key of a quota',
      (from) => withPathChanged(from, 'dsl', { quota: { bytes: '1 GB', day: 3 } }),
      /^quota\.day: unknown key "day": did you mean/,
    ],
    ['no name', (from) => withPath(from, { remoteAddr: 'a:1' }), /name: missing/],
    [
      'a name that is taken',
      (from) => withPath(from, { ...dsl, remoteAddr: 'a:1' }),
      /"dsl" is also the name/,
    ],
    ['a path of a server', () => withoutPath(serverWith(ann), 'x'), /a server has the paths of its clients/],
  ])('are refused with %s', (_what, change, text) => {
    expect(() => change(config)).toThrow(text)
  })
})

describe('the config file', () => {
  test('is followed in turn, and a faulty one changes nothing', async () => {
    const { reloader, diffs } = daemonWith(clientWith(dsl))
    const said: string[] = []
    const say = (message: string): void => void said.push(message)
    let text: Config | undefined = clientWith(dsl, lte)
    const reread = () =>
      text === undefined ? { faults: [{ path: 'tun.mtu', message: 'is too large' }] } : { config: text }
    const events = new EventLog(() => 0)
    const files = new FileReloader(reread, reloader, { log: { info: say, warn: say, error: say }, events })
    const [first, second] = await Promise.all([
      files.reload(),
      files.change((config) => ({ ...config, client: { remotePaths: config.client.remotePaths.slice(1) } })),
    ])
    expect([first.applied, second.applied]).toEqual([
      ['client.remotePaths: added lte'],
      ['client.remotePaths: removed dsl'],
    ])
    text = undefined
    await expect(files.reload()).rejects.toThrow(/all stays as it is: tun.mtu: is too large/)
    expect(diffs).toHaveLength(2)
    files.handleSignal()
    // Whoever asked.
    const notFollowed = expect.stringMatching(/^config not followed: .*tun\.mtu/) as string
    await expect
      .poll(() => said)
      .toEqual([
        'config: client.remotePaths: added lte',
        'config: client.remotePaths: removed dsl',
        notFollowed,
        notFollowed,
      ])
    expect(events.recent().map(({ message }) => message)).toEqual(said)
  })
})
