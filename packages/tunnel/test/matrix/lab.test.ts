import { expect, test } from 'vitest'
import { LAB } from './catalogue.ts'
import { LIMIT_MS, tableOf } from './tables.ts'

test('the lines of the measuring lab give the figures on file', { timeout: LIMIT_MS }, async () => {
  await expect(await tableOf(LAB)).toMatchFileSnapshot('./tables/lab.txt')
})
