import { describe, expect, test } from 'vitest'
import { LAYERS, importsOf, violationsIn } from '../check-boundaries.mjs'
import { readText } from '../lib/files.mjs'

const versions = (names) => Object.fromEntries(names.map((each) => [each, 'workspace:^']))

/** A package of a virtual tree: what it declares, and its one source file. */
function pack(name, { dependencies = [], devDependencies = [], source = '', file = 'index.ts' } = {}) {
  const short = name.replace('@mp/', '')
  const folder = `${short === 'multipathd' ? 'apps' : 'packages'}/${short}`
  return {
    folder,
    manifest: { name, dependencies: versions(dependencies), devDependencies: versions(devDependencies) },
    files: [{ path: `${folder}/src/${file}`, text: source }],
  }
}

const contracts = pack('@mp/interface')
const mempool = pack('@mp/mempool', { dependencies: ['@mp/interface'] })

/** What is wrong with a tree, without the reasons. */
const faults = (...packages) => violationsIn(packages).map(({ where, what }) => `${where}: ${what}`)

describe('a tree that keeps its layers', () => {
  test('has no violations', () => {
    expect(
      violationsIn([
        contracts,
        mempool,
        pack('@mp/prober', {
          dependencies: ['@mp/interface'],
          devDependencies: ['@mp/testkit'],
          source:
            "import type { Machine } from '@mp/interface'\nexport { a } from './a.ts'\n// Date.now() is not used\n",
        }),
        pack('@mp/testkit', { dependencies: ['@mp/interface', '@mp/mempool'] }),
        pack('@mp/secure-channel', { dependencies: ['@mp/interface'] }),
        pack('@mp/tunnel', {
          dependencies: ['@mp/secure-channel'],
          source: "import { KeyRing } from '@mp/secure-channel'\n",
        }),
        pack('@mp/udpmux', {
          dependencies: ['@mp/mempool', '@mp/runtime-node'],
          source:
            "import { createSocket } from 'node:dgram'\nimport { x } from '@mp/runtime-node'\nDate.now()\n",
        }),
        pack('@mp/runtime-node', { dependencies: ['@mp/interface'] }),
        pack('multipathd', {
          dependencies: ['@mp/testkit'],
          file: 'demo/index.ts',
          source: "import { simRuntime } from '@mp/testkit'\n",
        }),
      ]),
    ).toEqual([])
  })
})

describe('a planted violation is found:', () => {
  test('an import that points up', () => {
    const source = "import { Tunnel } from '@mp/tunnel'\n"
    const prober = pack('@mp/prober', { dependencies: ['@mp/tunnel'], source })
    expect(faults(prober, pack('@mp/tunnel'))).toEqual([
      'packages/prober/package.json: depends on @mp/tunnel (L2)',
      'packages/prober/src/index.ts: imports @mp/tunnel (L2)',
    ])
  })

  test('an L1 package that imports another', () => {
    const source = "import {\n  type Pool,\n  pool,\n} from '@mp/mempool'\n"
    const wire = pack('@mp/wire', { dependencies: ['@mp/mempool'], source })
    expect(faults(wire, mempool, contracts)).toContain('packages/wire/src/index.ts: imports @mp/mempool (L1)')
  })

  test('I/O that decides', () => {
    const udpmux = pack('@mp/udpmux', {
      dependencies: ['@mp/prober'],
      source: "export * from '@mp/prober'\n",
    })
    expect(faults(udpmux, pack('@mp/prober'))).toContain(
      'packages/udpmux/src/index.ts: imports @mp/prober (L1)',
    )
  })

  test('handshakes that know the host, or a transport that knows of keys', () => {
    const channel = pack('@mp/secure-channel', { source: "import { createHmac } from 'node:crypto'\n" })
    const tcp = pack('@mp/tcp-transport', { dependencies: ['@mp/secure-channel'] })
    expect(faults(channel, tcp)).toEqual([
      'packages/secure-channel/src/index.ts: imports node:crypto',
      'packages/tcp-transport/package.json: depends on @mp/secure-channel (L1)',
    ])
  })

  test('the test kit in the daemon or in a library', () => {
    const source = "const kit = await import('@mp/testkit')\n"
    const app = pack('multipathd', { dependencies: ['@mp/testkit'], file: 'daemon/index.ts', source })
    const tun = pack('@mp/tun', { dependencies: ['@mp/testkit'] })
    expect(faults(app, tun, pack('@mp/testkit'))).toEqual([
      'apps/multipathd/src/daemon/index.ts: imports @mp/testkit (dev)',
      'packages/tun/package.json: depends on @mp/testkit (dev)',
    ])
  })

  test.each(["import { readFileSync } from 'node:fs'", "import 'node:fs'", "await import('node:fs')"])(
    'the host below the border: %s',
    (source) => {
      expect(faults(pack('@mp/tunnel', { source }))).toEqual([
        'packages/tunnel/src/index.ts: imports node:fs',
      ])
    },
  )

  test.each(['Date.now()', 'Math.random()', 'performance.now()', 'new Date()'])(
    '%s below the border',
    (call) => {
      const found = faults(pack('@mp/wire', { source: `// fine\nconst x = ${call}\n` }))
      expect(found).toEqual([`packages/wire/src/index.ts:2: uses ${call.replace('()', '')}`])
    },
  )

  test('a dependency that is not declared, or only for tests', () => {
    const source = "import { Heap } from 'heap-js/lib'\nimport { p } from '@mp/interface'\n"
    const [first, second] = violationsIn([
      pack('@mp/scheduler-cfs', { source, devDependencies: ['@mp/interface'] }),
      contracts,
    ])
    expect(first).toMatchObject({
      what: 'imports heap-js/lib',
      why: expect.stringMatching(/^heap-js is missing/),
    })
    expect(second).toMatchObject({ what: 'imports @mp/interface', why: expect.stringMatching(/is missing/) })
  })

  test('a way around the exports of another package', () => {
    const source = "import { x } from '../../mempool/src/pool.ts'\n"
    expect(faults(pack('@mp/tunnel', { source }))).toEqual([
      'packages/tunnel/src/index.ts: imports ../../mempool/src/pool.ts',
    ])
  })

  test('a circle, even one that only tests make', () => {
    const kit = pack('@mp/testkit', { dependencies: ['@mp/mempool'] })
    const pool = pack('@mp/mempool', { devDependencies: ['@mp/testkit'] })
    expect(faults(kit, pool)).toEqual(['package.json files: @mp/testkit → @mp/mempool → @mp/testkit'])
  })

  test('a package that the table does not know', () => {
    expect(faults(pack('@mp/extra'))).toEqual(['packages/extra: @mp/extra has no layer'])
  })
})

test('every violation says why', () => {
  const [violation] = violationsIn([pack('@mp/prober', { dependencies: ['@mp/wire'] }), pack('@mp/wire')])
  expect(violation?.why).toMatch(/usable alone/)
})

test('imports in comments are no imports', () => {
  expect(importsOf("/**\n * import { a } from 'a'\n */\n// import 'b'\nimport { c } from 'c'\n")).toEqual([
    'c',
  ])
})

test('docs/architecture.md shows each package in its layer', () => {
  const rows = [...readText('docs/architecture.md').matchAll(/^\| (L\d|page|dev) +\| (.+?) +\|/gm)]
  const shown = rows.map(([, layer, names]) => [layer, names.match(/[a-z][a-z-]+(?=`)/g).toSorted()])
  const known = LAYERS.map(({ layer, packages }) => [layer, packages.toSorted()])
  expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(known))
})
