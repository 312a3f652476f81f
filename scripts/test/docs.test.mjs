import { expect, test } from 'vitest'
import { configTable, moduleComment, packageReadme, replaceBetween } from '../docs.mjs'

test('the module comment loses its markers and keeps its code', () => {
  const source =
    '/**\n * Counts {@link Sheep}.\n *\n * ```ts\n * if (a) {\n *   b()\n * }\n * ```\n *\n * @packageDocumentation\n */\nexport {}\n'
  expect(moduleComment(source)).toBe('Counts `Sheep`.\n\n```ts\nif (a) {\n  b()\n}\n```')
})

test('only a comment that opens the file and says so is the module comment', () => {
  expect(moduleComment('/** Counts. */\nexport {}\n')).toBeUndefined()
  expect(moduleComment("import 'x'\n/** Counts. @packageDocumentation */\n")).toBeUndefined()
})

test('a README has name, description, install line and module comment', () => {
  const text = packageReadme({ name: '@mp/sheep', description: 'Counts.' }, 'More about it.')
  expect(text).toMatch(/^# @mp\/sheep\n\nCounts\.\n\n```\nnpm install @mp\/sheep\n```\n\nMore about it\.\n/)
})

test('a README has all installed that its example imports', () => {
  const example =
    "import { Wool } from '@mp/wool'\nimport { Sheep } from '@mp/sheep'\nimport type { Hay } from '@mp/hay'"
  const text = packageReadme({ name: '@mp/sheep', description: 'Counts.' }, `\`\`\`ts\n${example}\n\`\`\``)
  expect(text).toContain('\nnpm install @mp/sheep @mp/hay @mp/wool\n')
})

test('only what stands between the markers is replaced', () => {
  expect(replaceBetween('a<b>old<e>c', ['<b>', '<e>'], 'new')).toBe('a<b>\n\nnew\n\n<e>c')
  expect(replaceBetween('no markers', ['<b>', '<e>'], 'new')).toBe('no markers')
})

test('every key of the config has a row with type, default and meaning', () => {
  const table = configTable({
    required: ['a'],
    properties: {
      a: { type: 'string', description: 'x | y', examples: ['q'] },
      b: { properties: { c: { type: 'integer', minimum: 1, maximum: 9, default: 3, description: 'C.' } } },
      d: {
        type: 'array',
        items: { type: 'object', properties: { e: { enum: ['f', 'g'], description: 'E.' } } },
      },
      h: {
        anyOf: [
          { const: 'none' },
          { type: 'object', properties: { i: { type: 'string', description: 'I.' } }, required: ['i'] },
        ],
        description: 'H.',
      },
    },
  })
  expect(table.split('\n').slice(2)).toEqual([
    '| `a` | string | required | x \\| y Example: `"q"`. |',
    '| `b.c` | integer 1…9 | `3` | C. |',
    '| `d` | list of objects |  |  |',
    '| `d[].e` | `"f"`, `"g"` |  | E. |',
    '| `h` | `"none"` or object |  | H. |',
    '| `h.i` | string | required | I. |',
  ])
})
