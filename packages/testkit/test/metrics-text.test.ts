import { describe, expect, test } from 'vitest'
import { parseMetrics } from '@mp/testkit'

const HEAD = '# HELP a Help.\n# TYPE a gauge\n'
const HISTOGRAM = '# HELP a Help.\n# TYPE a histogram\n'

describe('the reader of metrics', () => {
  test('takes what is right', () => {
    const text = String.raw`# HELP a Two\nlines.
# TYPE a gauge
a 1
a{b="\"\\\n"} -Inf
`
    const { help, samples } = parseMetrics(text).get('a')!
    expect(help).toBe('Two\nlines.')
    expect(samples).toEqual([
      { name: 'a', labels: {}, value: 1 },
      { name: 'a', labels: { b: '"\\\n' }, value: -Infinity },
    ])
  })

  test.each([
    ['a line that does not end', 'does not end', `${HEAD}a 1`],
    ['a sample without a heading', 'without HELP', 'a 1\n'],
    ['TYPE without HELP', 'malformed TYPE', '# TYPE a gauge\na 1\n'],
    ['TYPE of another family', 'malformed TYPE', '# HELP b Help.\n# TYPE a gauge\na 1\n'],
    ['a family twice', 'there already', `${HEAD}a 1\n${HEAD}a 2\n`],
    ['a family without samples', 'no samples', HEAD],
    ['a sample of another family', 'no sample of a', `${HEAD}b 1\n`],
    ['a sample twice', 'sample twice', `${HEAD}a{b="1",c="2"} 1\na{c="2",b="1"} 1\n`],
    ['no number', 'malformed number', `${HEAD}a Infinity\n`],
    ['a value that is not quoted', 'malformed labels', `${HEAD}a{b=1} 1\n`],
    ['a value that is not escaped', 'malformed labels', `${HEAD}a{b="\\x"} 1\n`],
    ['a comma too much', 'malformed labels', `${HEAD}a{b="1",} 1\n`],
    ['a label twice', 'there twice', `${HEAD}a{b="1",b="2"} 1\n`],
    ['a counter below 0', 'below 0', '# HELP a Help.\n# TYPE a counter\na -1\n'],
    ['a histogram without its end', 'not whole', `${HISTOGRAM}a_bucket{le="1"} 1\na_sum 1\na_count 1\n`],
    [
      'buckets that shrink',
      'not whole',
      `${HISTOGRAM}a_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n`,
    ],
    [
      'a count that is not the last bucket',
      'not whole',
      `${HISTOGRAM}a_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n`,
    ],
  ])('refuses %s', (_, why, text) => {
    expect(() => parseMetrics(text)).toThrow(why)
  })
})
