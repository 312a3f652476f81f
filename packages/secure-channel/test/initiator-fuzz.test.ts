import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Duo, serverKeys, withFittingMac } from './handshake-support.ts'

/** Frames to try; more with `MP_FUZZ_RUNS`. */
const RUNS = Number(process.env['MP_FUZZ_RUNS'] ?? 1000)

/** The frame changed, cut off, made longer, or mixed with another one; anything at all among them. */
function near(frame: Uint8Array, other: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat(frame.length - 1)
  const changes = fc.array(fc.tuple(place, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 })
  const changed = changes.map((list) => {
    const copy = Uint8Array.from(frame)
    for (const [at, mask] of list) copy[at] = copy[at]! ^ mask
    return copy
  })
  return fc.oneof(
    changed,
    // Whoever knows the public key of the server gets past the first MAC.
    changed.map((bytes) => withFittingMac(bytes, serverKeys)),
    place.map((end) => frame.slice(0, end)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((tail) => Uint8Array.of(...frame, ...tail)),
    place.map((at) => Uint8Array.of(...frame.subarray(0, at), ...other.subarray(at))),
    fc.uint8Array({ maxLength: 200 }),
  )
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, at) => byte === b[at])

describe('an initiator that waits', () => {
  test('takes no welcome but the true one, whatever comes before it, and comes to the same keys', () => {
    const duo = new Duo()
    duo.begin()
    const { frame, keys } = duo.welcome(duo.hello())
    const others = new Duo()
    others.begin()
    const foreign = others.welcome(others.hello()).frame
    const reasons = new Set<string>()
    fc.assert(
      fc.property(near(frame, foreign), (bytes) => {
        if (same(bytes, frame)) return
        const result = duo.initiator.handleWelcome(bytes)
        expect(result.kind).toBe('drop')
        if (result.kind === 'drop') reasons.add(result.reason)
      }),
      { numRuns: RUNS },
    )
    // It got as far as frames can get.
    expect([...reasons]).toEqual(expect.arrayContaining(['bad-length', 'bad-mac1', 'forged-welcome']))
    const result = duo.initiator.handleWelcome(frame)
    if (result.kind !== 'keys') throw new Error(result.reason)
    expect(result.keys.receive).toEqual(keys.send)
    // And not once more.
    expect(duo.initiator.handleWelcome(frame)).toEqual({ kind: 'drop', reason: 'late-welcome' })
  })

  test('takes no cookie but one for its own hello, and goes on without', () => {
    const duo = new Duo()
    duo.responder.setLoaded(true)
    const cookieFor = (hello: Uint8Array): Uint8Array => {
      const result = duo.offer(hello)
      if (result.kind !== 'cookie') throw new Error(result.kind)
      return duo.sent(result.lengthBytes)
    }
    duo.begin()
    const foreign = cookieFor(duo.hello())
    duo.begin()
    const cookie = cookieFor(duo.hello())
    fc.assert(
      fc.property(near(cookie, foreign), (bytes) => {
        const isTrue = same(bytes, cookie)
        expect(isTrue || typeof duo.initiator.handleCookie(bytes) === 'string').toBe(true)
      }),
      { numRuns: RUNS },
    )
    expect(duo.hello().subarray(-16)).toEqual(new Uint8Array(16))
    expect(duo.initiator.handleCookie(cookie)).toBeUndefined()
    expect(duo.offer(duo.hello()).kind).toBe('accept')
  })
})
