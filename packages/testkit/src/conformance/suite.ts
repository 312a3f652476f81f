import type { PacketPool } from '@mp/interface'
import { describe, expect, it } from 'vitest'

/** What a factory hands to each test: the thing under test and what belongs to it. Made anew for every test. */
export interface Fixture {
  /** When given, it must be empty after `dispose`. */
  readonly pool?: PacketPool
  /** Closes and removes all that was made, also after a failed test. */
  dispose?(): void | Promise<void>
}

/** A test that does not apply to an implementation. */
export interface Skip {
  /** Its name, exactly. */
  readonly test: string
  /** Why it cannot hold here; shown in the report. */
  readonly reason: string
}

/** What every suite is called with. */
export interface SuiteOptions<F extends Fixture> {
  /** Who is tested, as the report shall say it. */
  readonly name: string
  readonly create: () => F | Promise<F>
  readonly skip?: readonly Skip[]
}

/** The tests of a contract by name. A name is a sentence that is true of every implementation. */
export type Tests<F extends Fixture> = Readonly<Record<string, (fixture: F) => void | Promise<void>>>

/** Registers `tests` under the name of `contract`. Throws Error for a skip that names no test or gives no reason. */
export function defineSuite<F extends Fixture>(
  contract: string,
  tests: Tests<F>,
  options: SuiteOptions<F>,
): void {
  const skip = options.skip ?? []
  checkSkips(contract, Object.keys(tests), skip)
  const exceptions = skip
    .map(({ test, reason }) => ` (does not apply: "${test}", because ${reason})`)
    .join('')
  const applicable = Object.entries(tests).filter(([name]) => skip.every(({ test }) => test !== name))
  describe(`${contract}: ${options.name}${exceptions}`, () => {
    it.each(applicable)('%s', async (_name, test) => {
      expect(await slotsLeftBy(test, options.create), 'slots still out after dispose').toBe(0)
    })
  })
}

function checkSkips(contract: string, names: readonly string[], skips: readonly Skip[]): void {
  for (const { test, reason } of skips) {
    if (!names.includes(test)) {
      throw new Error(`${contract} has no test "${test}" to skip; it has:\n  ${names.join('\n  ')}`)
    }
    if (reason.trim() === '') throw new Error(`the skip of "${test}" needs a reason`)
  }
}

async function slotsLeftBy<F extends Fixture>(
  test: (fixture: F) => void | Promise<void>,
  create: () => F | Promise<F>,
): Promise<number> {
  const fixture = await create()
  try {
    await test(fixture)
  } finally {
    await fixture.dispose?.()
  }
  return fixture.pool?.inUse ?? 0
}
