import type { Link, PathRole } from '@mp/interface'
import { Mempool } from '@mp/mempool'
import { PathManager } from '@mp/path-manager'
import type { Prober, ProberState } from '@mp/prober'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchShelf } from '../src/batch-shelf.ts'
import { refreshGate } from '../src/path-gate.ts'
import { USUAL_SETTINGS } from '../src/path-settings.ts'
import { TunnelPath } from '../src/path.ts'

const pool = new Mempool({ classes: [{ packetBytes: 64, slots: 1 }] })
const nobody = { sendProbe: () => {}, handleProberEvent: () => {}, seal: () => {} }
const someLink = { send: () => 0 } as unknown as Link

/** What the gate looks at. */
interface Condition {
  readonly state: ProberState
  readonly linked?: boolean
  readonly blocked?: boolean
  readonly role?: PathRole
  readonly isExhausted?: boolean
}

function pathOf(id: number): TunnelPath {
  const prober = { state: 'initializing' } as unknown as Prober
  const shelf = new BatchShelf(pool, 1)
  return new TunnelPath({ id, name: `${id}` }, USUAL_SETTINGS, { owner: nobody, prober, shelf })
}

function apply(
  path: TunnelPath,
  { state, linked = true, blocked = false, role = 'primary', isExhausted = false }: Condition,
): void {
  Object.assign(path.prober, { state })
  path.settings = { ...USUAL_SETTINGS, role, isExhausted }
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
  const backup = { ...normal, role: 'backup' } as const
  const usedUp = { ...normal, isExhausted: true } as const
  const table: [why: string, conditions: Condition[], expected: string[]][] = [
    ['healthy paths are used, all of them', [normal, normal], ['use', 'use']],
    ['a path whose health is unknown is not used', [{ state: 'initializing' }], ['initializing']],
    ['a lost path is not used, not even alone', [lost], ['lost']],
    ['a doubtful path stands back while there is a healthy one', [normal, unstable], ['use', 'unstable']],
    ['a doubtful path serves when there is no healthy one', [lost, unstable], ['lost', 'use']],
    ['a backup stands back while another path is healthy', [normal, backup], ['use', 'backup']],
    [
      'a backup does not help when the others are full',
      [{ ...normal, blocked: true }, backup],
      ['link full', 'backup'],
    ],
    ['a backup serves instead of a doubtful path', [unstable, backup], ['unstable', 'use']],
    ['a backup serves alone', [lost, backup], ['lost', 'use']],
    [
      'a secondary is in the choice of the scheduler',
      [normal, { ...normal, role: 'secondary' }],
      ['use', 'use'],
    ],
    ['a used-up path does not serve, not even alone', [lost, usedUp], ['lost', 'exhausted']],
    ['a used-up path keeps no backup away', [usedUp, backup], ['exhausted', 'use']],
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
    role: fc.constantFrom<PathRole[]>('primary', 'secondary', 'backup'),
    isExhausted: fc.boolean(),
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
