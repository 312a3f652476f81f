import { describe, expect, it } from 'vitest'
import { describeTun } from '../../src/daemon/describe-tun.ts'

const ALL = { checksum: true, tso: true, uso: true, coalesce: true }
const NONE = { checksum: false, tso: false, uso: false, coalesce: false }

describe('the TUN device in the line at the start', () => {
  it.each([
    [ALL, 'mp0 (native: checksum, tso, uso, coalesce)'],
    [{ ...ALL, tso: false, reason: 'it lies' }, 'mp0 (native: checksum, uso, coalesce; it lies)'],
    [{ ...NONE, reason: 'it lies' }, 'mp0 (native: it lies)'],
    [NONE, 'mp0 (native)'],
    [undefined, 'mp0 (native)'],
  ])('with %o is %s', (offloads, text) => {
    expect(describeTun({ name: 'mp0', backend: 'native', offloads: () => offloads })).toBe(text)
  })
})
