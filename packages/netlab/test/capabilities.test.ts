import { afterEach, describe, expect, test, vi } from 'vitest'
import { capabilities, requires } from '@mp/netlab'

afterEach(() => vi.unstubAllEnvs())

describe('capabilities', () => {
  test('either are there or say what is missing', () => {
    for (const why of Object.values(capabilities())) expect(why ?? 'there').toMatch(/\w/)
  })

  test('that the caller judges are reported as missing by name', () => {
    vi.stubEnv('MP_REQUIRE', '')
    expect(requires([], { native: false, other: true })).toEqual(['native'])
  })

  test('that MP_REQUIRE names must be there', () => {
    vi.stubEnv('MP_REQUIRE', 'root, native')
    expect(() => requires([], { native: false })).toThrow(
      /MP_REQUIRE asks for what this machine lacks: native \(not available\)/,
    )
    expect(requires([], { other: false })).toEqual(['other'])
  })
})
