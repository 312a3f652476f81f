import type { Link } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { PathManager } from '@mp/path-manager'
import type { Prober, ProberState } from '@mp/prober'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchShelf } from '../src/batch-shelf.ts'
import { refreshGate } from '../src/path-gate.ts'
import { TunnelPath } from '../src/path.ts'

const pool = new Mempool({ classes: [{ packetBytes: 64, slots: 1 }] })
const nobody = { sendProbe: () => {}, handleProberEvent: () => {}, seal: () => {} }
const someLink = { send: () => 0 } as unknown as Link

/** What the gate looks at. */
interface Condition {
  readonly state: ProberState
  readonly linked?: boolean
  readonly blocked?: boolean
}

function pathOf(id: number): TunnelPath {
  const prober = { state: 'initializing' } as unknown as Prober
  return new TunnelPath({ id, name: `${id}`, weight: 1 }, nobody, prober, new BatchShelf(pool, 1))
}

function apply(path: TunnelPath, { state, linked = true, blocked = false }: Condition): void {
  Object.assign(path.prober, { state })
  path.link = linked ? someLink : undefined
  path.blocked = blocked
}

/** Which of paths in such conditions carry data, and why the others do not. */
function gate(...conditions: Condition[]): string[] {
  const paths = new PathManager<TunnelPath>()
  const outcome: string[] = []
  paths.subscribe((event) => {
    if (event.type === 'suspend') outcome[event.path.id] = event.reason ?? ''
  })
  for (const [id, condition] of conditions.entries()) {
    const path = pathOf(id)
    apply(path, condition)
    paths.append(path)
    outcome.push('use')
  }
  refreshGate(paths)
  return outcome
}

describe('path gate', () => {
  const normal = { state: 'normal' } as const
  const unstable = { state: 'unstable' } as const
  const lost = { state: 'lost' } as const
  const table: [why: string, conditions: Condition[], expected: string[]][] = [
    ['healthy paths are used, all of them', [normal, normal], ['use', 'use']],
    ['a path whose health is unknown is not used', [{ state: 'initializing' }], ['initializing']],
    ['a lost path is not used, not even alone', [lost], ['lost']],
    ['a doubtful path stands back while there is a healthy one', [normal, unstable], ['use', 'unstable']],
    ['a doubtful path serves when there is no healthy one', [lost, unstable], ['lost', 'use']],
    ['all doubtful paths serve together', [unstable, unstable], ['use', 'use']],
    ['a path without link is not used, however healthy', [{ ...normal, linked: false }], ['no link']],
    ['a full link takes a path out', [normal, { ...normal, blocked: true }], ['use', 'link full']],
    [
      'a healthy path without link does not keep a doubtful one back',
      [{ ...normal, linked: false }, unstable],
      ['no link', 'use'],
    ],
    [
      'a healthy path with a full link keeps a doubtful one back: it is back in a moment',
      [{ ...normal, blocked: true }, unstable],
      ['link full', 'unstable'],
    ],
    ['no link is said first', [{ state: 'lost', linked: false, blocked: true }], ['no link']],
  ]

  test.each(table)('%s', (_why, conditions, expected) => {
    expect(gate(...conditions)).toEqual(expected)
  })

  const condition = fc.record({
    state: fc.constantFrom<ProberState[]>('initializing', 'normal', 'unstable', 'lost'),
    linked: fc.boolean(),
    blocked: fc.boolean(),
  })

  test('what it decides does not depend on what it decided before, and it moves nothing twice', () => {
    const steps = fc.array(fc.tuple(fc.nat(3), condition), { maxLength: 30 })
    fc.assert(
      fc.property(steps, (changes) => {
        const paths = new PathManager<TunnelPath>()
        const now: Condition[] = []
        for (let id = 0; id < 4; id++) {
          paths.append(pathOf(id), { suspended: true })
          now.push({ state: 'initializing', linked: false })
        }
        for (const [id, change] of changes) {
          now[id] = change
          apply(paths.get(id)!, change)
          refreshGate(paths)
          const used = [...paths].map((path) => paths.state(path.id) === 'active')
          expect(used).toEqual(gate(...now).map((reason) => reason === 'use'))
        }
        const { refused } = paths.stats()
        expect(refused['already-active'] + refused['already-suspended']).toBe(0)
      }),
    )
  })
})
