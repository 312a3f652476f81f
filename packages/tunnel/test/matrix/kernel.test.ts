import { expect, test } from 'vitest'
import { SIMULT } from './catalogue.ts'
import { LIMIT_MS, tableOf } from './tables.ts'

test('the lines of a kernel self test give the figures on file', { timeout: LIMIT_MS }, async () => {
  await expect(await tableOf(SIMULT)).toMatchFileSnapshot('./tables/kernel.txt')
})
