import { expect, test } from 'vitest'
import { seededRandom } from '@mp/testkit'

function take(seed: number, count: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, random)
}

test('the same seed gives the same numbers, another seed others', () => {
  expect(take(7, 100)).toEqual(take(7, 100))
  expect(take(7, 100)).not.toEqual(take(8, 100))
  expect(take(7, 100)).not.toEqual(take(7 + 2 ** 32, 100))
})

test('numbers are uniform in [0, 1)', () => {
  const numbers = take(1, 100_000)
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
  const buckets = Array.from({ length: 20 }, () => 0)
  for (const number of numbers) {
    const bucket = Math.floor(number * 20)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  const expected = numbers.length / 20
  const chiSquare = buckets.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0)
  // 19 degrees of freedom: 43.8 is exceeded once in a thousand.
  expect(chiSquare).toBeLessThan(43.8)
})

test('neighbours do not hang together', () => {
  const numbers = take(3, 50_000)
  const product = numbers
    .slice(1)
    .reduce((sum, next, i) => sum + (next - 0.5) * ((numbers[i] as number) - 0.5), 0)
  expect(Math.abs(product / (numbers.length - 1) / (1 / 12))).toBeLessThan(0.02)
})
