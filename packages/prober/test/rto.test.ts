import { HoltSmoothing, Rfc6298 } from '@mp/prober'
import { describe, expect, test } from 'vitest'
import { rtoMs } from '../src/rto.ts'

const limits = { initialRtoMs: 1000, minRtoMs: 50, peerAckDelayMs: 0 }

function fed(...samples: number[]): Rfc6298 {
  const estimator = new Rfc6298()
  for (const sample of samples) estimator.update(sample)
  return estimator
}

describe('RFC 6298', () => {
  test('the first sample R gives SRTT = R and RTTVAR = R/2', () => {
    expect(fed(100)).toMatchObject({ smoothedMs: 100, deviationMs: 50 })
    expect(fed(100).predict()).toBe(100)
  })

  test('later samples move RTTVAR by a quarter of the error, then SRTT by an eighth', () => {
    // RTTVAR = ¾·50 + ¼·|100 − 180|, SRTT = ⅞·100 + ⅛·180
    expect(fed(100, 180)).toMatchObject({ smoothedMs: 110, deviationMs: 57.5 })
  })

  test('nothing is expected before the first sample', () => {
    expect(fed().predict()).toBeUndefined()
  })
})

describe('retransmission timeout', () => {
  test('is the initial one before the first sample', () => {
    expect(rtoMs(new HoltSmoothing(), limits)).toBe(1000)
  })

  test('is the prediction plus four deviations plus the delay of the peer', () => {
    expect(rtoMs(fed(100), limits)).toBe(300)
    expect(rtoMs(fed(100), { ...limits, peerAckDelayMs: 25 })).toBe(325)
  })

  test('leaves at least 10 ms above a prediction that never failed', () => {
    expect(rtoMs(fed(...Array<number>(100).fill(200)), limits)).toBeCloseTo(210, 6)
  })

  test('is at least the floor and at most 3 s', () => {
    expect(rtoMs(fed(1), limits)).toBe(50)
    expect(rtoMs(fed(2000), limits)).toBe(3000)
  })
})
