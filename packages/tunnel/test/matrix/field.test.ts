import { expect, test } from 'vitest'
import { MATRIX } from './catalogue.ts'
import { LIMIT_MS, tableOf } from './tables.ts'

test('the lines of a published benchmark give the figures on file', { timeout: LIMIT_MS }, async () => {
  await expect(await tableOf(MATRIX)).toMatchFileSnapshot('./tables/field.txt')
})
