/** A source of numbers, uniform in [0, 1), each a multiple of 2⁻³². */
export type Random = () => number

const WARM_UP_ROUNDS = 12

/**
 * A reproducible source of randomness: the same seed gives the same numbers, on every machine. Not for secrets.
 *
 * Small Fast Counter, 32 bit (sfc32), by Chris Doty-Humphrey, PractRand 0.95: three words of state and a counter,
 * passes PractRand and TestU01, period at least 2³².
 *
 * @param seed any number; its lower 53 bits count.
 */
export function seededRandom(seed: number): Random {
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = (): number => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + out
    return (out >>> 0) / 2 ** 32
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next()
  return next
}

/** Fills `into` with bytes from `random`, four from each number. */
export function fillRandom(into: Uint8Array, random: Random): void {
  let word = 0
  for (let i = 0; i < into.length; i++) {
    if (i % 4 === 0) word = random() * 2 ** 32
    into[i] = word >>> (8 * (i % 4))
  }
}
