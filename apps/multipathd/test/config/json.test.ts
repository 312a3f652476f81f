import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonObject, parseJson } from '../../src/config/json.ts'
import type { Json } from '../../src/config/json.ts'

/** What `JSON.parse` would have made of it. */
function plain(value: Json): unknown {
  if (value instanceof JsonObject)
    return Object.fromEntries(value.members.map(([key, item]) => [key, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}

function valueOf(text: string): unknown {
  const result = parseJson(text)
  return 'value' in result ? plain(result.value) : result
}

describe('parseJson', () => {
  test('agrees with JSON.parse on all that JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(undefined, 2, '\t'), (text, space) => {
        const value: unknown = JSON.parse(text)
        expect(valueOf(JSON.stringify(value, undefined, space))).toEqual(value)
      }),
    )
  })

  test('reads or refuses any text, never throws', () => {
    const soup = fc.array(fc.constantFrom(...'{}[],:"\\/*-+.eE01 \n\ttrufalsn'.split('')), { maxLength: 30 })
    fc.assert(
      fc.property(soup, (characters) => {
        const text = characters.join('')
        const result = parseJson(text)
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          return
        }
        expect('value' in result ? plain(result.value) : result).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['', 1, 1, 'expected a value, found the end of the file'],
    ['{"a": 1', 1, 8, 'expected "," or "}", found the end of the file'],
    ['{\n  "a" 1}', 2, 7, 'expected ":", found "1"'],
    ['{a: 1}', 1, 2, 'expected a key in double quotes, found "a"'],
    ["{'a': 1}", 1, 2, 'expected a key in double quotes, found "\'a\'"'],
    ['{"a": yes}', 1, 7, 'expected a value, found "yes"'],
    ['{"a": 01}', 1, 7, 'expected a value, found "01"'],
    ['{"a": "x}\n', 1, 7, 'expected a closing double quote, found "\\"x"'],
    ['{"a": 1,, "b": 2}', 1, 9, 'expected a key in double quotes, found ","'],
    ['[1 2]', 1, 4, 'expected "," or "]", found "2"'],
    ['{} {}', 1, 4, 'expected the end of the file, found "{"'],
    ['{"a": "\\x"}', 1, 7, 'a string with an escape or a control character that JSON does not know: "\\x"'],
    ['/* never closed {}', 1, 1, 'expected a value, found "/*"'],
    ['['.repeat(100), 1, 66, 'nested deeper than 64 levels'],
  ])('says where %j is wrong and what it expected', (text, line, column, message) => {
    expect(parseJson(text)).toEqual({ fault: { line, column, message } })
  })
})
