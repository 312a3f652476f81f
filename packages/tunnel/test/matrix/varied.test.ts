import { expect, test } from 'vitest'
import { VARIED } from './catalogue.ts'
import { LIMIT_MS, tableOf } from './tables.ts'

test(
  'other flows, more of them, and the other direction give the figures on file',
  { timeout: LIMIT_MS },
  async () => {
    await expect(await tableOf(VARIED)).toMatchFileSnapshot('./tables/varied.txt')
  },
)
