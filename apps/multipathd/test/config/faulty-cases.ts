import { expect, test } from 'vitest'
import { faultsOf } from './samples.ts'
import type { FaultyCase } from './samples.ts'

/** Tests that each config has the one fault that is meant, where it is meant. */
export function testFaults(cases: readonly FaultyCase[]): void {
  test.for(cases)('names %s, with its path', ([, value, path, text, options]) => {
    const faults = faultsOf(value, options)
    const at = faults.filter((fault) => fault.path === path)
    expect(at.map(({ message }) => message)).toEqual([expect.stringMatching(text)])
  })

  test.for(cases.filter(([, value]) => typeof value !== 'string'))(
    'has no fault but that one: %s',
    ([, value, path, , options]) => {
      const others = faultsOf(value, options).filter((fault) => fault.path !== path)
      // A role that does not fit lacks what that role needs as well.
      expect(others.filter((fault) => fault.path !== 'client.remotePaths')).toEqual([])
    },
  )
}
