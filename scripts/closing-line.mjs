// Vitest reporter that ends the output with one line for people and machines: `N passed, N failed, N skipped`.
// It counts what vitest's own summary hides: a test that never finished, an error nobody caught, a file that
// did not load and a suite whose hook threw each count as a failure. Skipped tests are listed before it by what
// they lack, taken from titles such as `a real tunnel [needs root, tun]`.

const NEEDS = /\[needs ([^\]]+)\]/g

/** Counts one finished run. `modules` and `errors` are what vitest hands to `onTestRunEnd`. */
export function tally(modules, errors) {
  const count = { passed: 0, failed: errors.length, skipped: 0 }
  const wants = new Map()
  for (const module of modules) {
    const tests = [...module.children.allTests()]
    const brokenSuites = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0).length
    const unloaded = tests.length === 0 && module.state() === 'failed'
    // A module with errors of its own and tests that ran: a top-level hook threw.
    const brokenTop = tests.length > 0 && module.errors().length > 0
    count.failed += brokenSuites + Number(unloaded || brokenTop)
    for (const test of tests) {
      const { state } = test.result()
      count[state === 'pending' ? 'failed' : state] += 1
      if (state !== 'skipped') continue
      // What its suite needs, and then what it needs itself.
      const needs = [...test.fullName.matchAll(NEEDS)].map(([, list]) => list)
      const want = needs.length === 0 ? 'a stated capability' : needs.join(', ')
      wants.set(want, (wants.get(want) ?? 0) + 1)
    }
  }
  return { ...count, wants }
}

export function closingText({ passed, failed, skipped, wants }) {
  const lines = [...wants].map(([want, tests]) => `skipped for want of: ${want} (${tests})`)
  return [...lines, `${passed} passed, ${failed} failed, ${skipped} skipped`].join('\n')
}

export default class ClosingLine {
  #text = ''

  constructor() {
    // On exit, so that it stands last even after a coverage table.
    process.once('exit', () => process.stdout.write(this.#text))
  }

  onTestRunEnd(modules, errors, reason) {
    this.#text = reason === 'interrupted' ? '' : `\n${closingText(tally(modules, errors))}\n`
  }
}
