import { parseArgs } from 'node:util'

/** What runs without names. */
const USUAL = ['-cubic-down']

/**
 * Reads `[--quick] [--joined] [--json FILE] [--list] [NAME…]`; a case runs when its name contains one of the names.
 *
 * @param {readonly string[]} args
 */
export function readOptions(args) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      joined: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  const names = positionals.length === 0 && !values.list ? USUAL : positionals
  return {
    ...values,
    // Whole outages fit in, so that a quick run has fewer of them to show.
    ...(values.quick ? { seconds: 5, omit: 1 } : { seconds: 12, omit: 3 }),
    isWanted: (name) => names.length === 0 || names.some((part) => name.includes(part)),
  }
}
