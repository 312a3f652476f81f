import type { Crypto } from '@mp/interface'
import { HELLO_BYTES, Initiator, Responder } from '@mp/secure-channel'
import type { KnownPeer } from '@mp/secure-channel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COSTS, Duo, flipped, serverKeys, SOURCE, WALL_MS, withFittingMac } from './handshake-support.ts'
import type { DuoOptions } from './handshake-support.ts'
import { countingCrypto, systemCrypto } from './support.ts'

/** Frames to try; more with `MP_FUZZ_RUNS`. */
const RUNS = Number(process.env['MP_FUZZ_RUNS'] ?? 500)

const drop = (reason: string): { kind: 'drop'; reason: string } => ({ kind: 'drop', reason })

/** Cheap and readable by everyone: to look at tables, not at secrets. */
const cheapCrypto: Crypto = {
  ...systemCrypto,
  generateKeyPair: () => ({ publicKey: new Uint8Array(32), privateKey: new Uint8Array(32) }),
  agree: () => new Uint8Array(32).fill(1),
  hash: (...parts) => cheapHash(parts),
  hmac: (key, ...parts) => cheapHash([key, ...parts]),
  seal: (_, { data }) => Uint8Array.from([...data, ...new Uint8Array(16)]),
  // Cookies open, all else is forged.
  open: (_, { associatedData, data }) => (associatedData.length === 16 ? data.slice(0, -16) : undefined),
}

/** FNV-1a, repeated to 32 bytes. */
function cheapHash(parts: readonly Uint8Array[]): Uint8Array {
  let hash = 0x811c_9dc5
  for (const part of parts) for (const byte of part) hash = Math.imul(hash ^ byte, 0x0100_0193)
  return new Uint8Array(new Int32Array(8).fill(hash | 1).buffer)
}

const into = new Uint8Array(HELLO_BYTES)

/** What becomes of a hello from a source that fetches a cookie first. */
function reasonWithCookie(initiator: Initiator, responder: Responder<KnownPeer>, source: string): string {
  const frame = new Uint8Array(HELLO_BYTES)
  initiator.helloFor(1, frame)
  const result = responder.handleHello({ frame, source, nowMs: 0 }, into)
  if (result.kind !== 'cookie') return result.kind
  initiator.handleCookie(into.subarray(0, result.lengthBytes))
  initiator.helloFor(1, frame)
  const second = responder.handleHello({ frame, source, nowMs: 0 }, into)
  return second.kind === 'drop' ? second.reason : second.kind
}

/** A responder that must see a cookie, and one who has begun. */
function loadedDuo(options?: DuoOptions): Duo {
  const duo = new Duo(options)
  duo.responder.setLoaded(true)
  duo.begin()
  return duo
}

/** Lets the initiator take the cookie that answers its hello. */
function fetchCookie(duo: Duo, { pathId = 1, source = SOURCE, nowMs = 0 } = {}): void {
  const result = duo.offer(duo.hello(pathId), { source, nowMs })
  if (result.kind !== 'cookie') throw new Error(JSON.stringify(result))
  expect(result.lengthBytes).toBe(52)
  expect(duo.initiator.handleCookie(duo.sent(result.lengthBytes))).toBeUndefined()
}

describe('a responder under load', () => {
  test('asks for a cookie, and answers the hello that has it', () => {
    const duo = loadedDuo()
    fetchCookie(duo)
    expect(duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame).kind).toBe('keys')
  })

  test('asks each path for its own cookie', () => {
    const duo = loadedDuo()
    fetchCookie(duo, { pathId: 1, source: '192.0.2.7:1' })
    fetchCookie(duo, { pathId: 2, source: '192.0.2.7:2' })
    expect(duo.offer(duo.hello(2), { source: '192.0.2.7:1' }).kind).toBe('cookie')
    expect(duo.offer(duo.hello(1), { source: '192.0.2.7:1' }).kind).toBe('accept')
    expect(duo.offer(duo.hello(2), { source: '192.0.2.7:2' }).kind).toBe('accept')
  })

  test('gives out another cookie once its secret is 120 s old, also when it is not busy any more', () => {
    const duo = loadedDuo()
    fetchCookie(duo)
    duo.responder.setLoaded(false)
    expect(duo.offer(duo.hello(), { nowMs: 119_999 }).kind).toBe('accept')
    fetchCookie(duo, { nowMs: 120_000 })
    expect(duo.offer(duo.hello(), { nowMs: 120_001 }).kind).toBe('accept')
  })

  test('computes nothing and remembers nothing for those without a cookie', () => {
    const { crypto, calls } = countingCrypto()
    const duo = loadedDuo({ responder: { crypto } })
    for (let i = 0; i < 20; i++) expect(duo.offer(duo.hello()).kind).toBe('cookie')
    expect(calls.agree).toBe(0)
  })

  test('notices by itself when more than the given number come in a second', () => {
    const duo = new Duo({ responder: { handshakesPerSecond: 5 } })
    const kinds = Array.from({ length: 8 }, () => {
      duo.begin()
      return duo.offer(duo.hello()).kind
    })
    expect(kinds).toEqual([...Array.from({ length: 5 }, () => 'accept'), 'cookie', 'cookie', 'cookie'])
    duo.begin()
    expect(duo.offer(duo.hello(), { nowMs: 200 }).kind).toBe('accept')
    expect(duo.offer(duo.hello(), { nowMs: 200 }).kind).toBe('cookie')
  })

  test('limits what one address may cost, and one IPv6 network of 64 bits counts as one', () => {
    const { crypto, calls } = countingCrypto()
    const duo = loadedDuo({ responder: { crypto, handshakesPerSecond: 2 } })
    const sources = ['[2001:db8:0:1::1]:9', '[2001:db8:0:1:9::2]:7', '[2001:db8:0:1::3]:9'] as const
    const kinds: string[] = []
    for (let i = 0; i < 6; i++) {
      const source = sources[i % 3] ?? ''
      duo.begin()
      fetchCookie(duo, { source })
      const result = duo.offer(duo.hello(), { source })
      kinds.push(result.kind === 'drop' ? result.reason : result.kind)
    }
    expect(kinds).toEqual(['accept', 'accept', 'accept', 'accept', 'source-limit', 'source-limit'])
    expect(calls.agree).toBe(8)
    duo.begin()
    fetchCookie(duo, { source: '[2001:db8:0:2::1]:9' })
    expect(duo.offer(duo.hello(), { source: '[2001:db8:0:2::1]:9' }).kind).toBe('accept')
  })

  test('remembers 4096 sources and forgets the one that was silent for longest', () => {
    const responder = new Responder({
      crypto: cheapCrypto,
      costs: COSTS,
      staticKeys: serverKeys,
      peerOf: () => undefined,
      handshakesPerSecond: 1,
      hellosPerSecond: 1e6,
    })
    responder.setLoaded(true)
    const initiator = new Initiator({
      crypto: cheapCrypto,
      costs: COSTS,
      staticKeys: serverKeys,
      responderKey: serverKeys.publicKey,
    })
    initiator.begin({ nowMs: 0, wallMs: WALL_MS, localIndex: 1, remoteIndex: 0 })
    const ask = (source: string): string => {
      const reason = reasonWithCookie(initiator, responder, source)
      reasonWithCookie(initiator, responder, 'between:1')
      return reason
    }
    const others = (count: number): void => {
      for (let i = 1; i <= count; i++) reasonWithCookie(initiator, responder, `192.0.${i >> 8}.${i & 255}:9`)
    }
    expect(['a:1', 'a:2', 'a:3'].map(ask)).toEqual(['forged-hello', 'forged-hello', 'source-limit'])
    others(4094)
    expect(ask('a:1')).toBe('source-limit')
    others(4096)
    expect(ask('a:1')).toBe('forged-hello')
  })

  test('looks at no more hellos than it can afford', () => {
    const { crypto, calls } = countingCrypto()
    const duo = new Duo({ responder: { crypto, hellosPerSecond: 100 } })
    const junk = new Uint8Array(160).fill(7)
    duo.begin()
    junk.set(duo.hello().subarray(0, 12))
    const results = Array.from({ length: 1000 }, () => duo.offer(junk))
    expect(results.filter((result) => result.kind === 'drop' && result.reason === 'bad-mac1')).toHaveLength(
      100,
    )
    expect(results.at(-1)).toEqual(drop('hello-flood'))
    expect(calls).toEqual({ agree: 0, hmac: 100 })
    expect(duo.offer(duo.hello(), { nowMs: 10 }).kind).toBe('accept')
  })
})

describe('a cookie', () => {
  test('is not taken from one who did not see the hello, nor with any bit turned over', () => {
    const duo = loadedDuo()
    const result = duo.offer(duo.hello())
    if (result.kind !== 'cookie') throw new Error(result.kind)
    const cookie = duo.sent(result.lengthBytes)
    const reasons = new Set<string>()
    for (let bit = 0; bit < cookie.length * 8; bit++) {
      reasons.add(duo.initiator.handleCookie(flipped(cookie, bit)) ?? 'taken')
    }
    expect([...reasons].toSorted()).toEqual(['bad-handshake', 'bad-receiver', 'forged-cookie', 'late-cookie'])
    expect(duo.hello().subarray(-16)).toEqual(new Uint8Array(16))
    expect(duo.initiator.handleCookie(cookie)).toBeUndefined()
    expect(duo.hello().subarray(-16)).not.toEqual(new Uint8Array(16))

    duo.begin()
    duo.hello()
    expect(duo.initiator.handleCookie(cookie)).toBe('forged-cookie')
    expect(duo.initiator.handleCookie(cookie.subarray(1))).toBe('bad-length')
  })
})

describe('a stranger', () => {
  test('who does not know the public key costs one MAC and nothing else', () => {
    const { crypto, calls } = countingCrypto()
    const duo = new Duo({ responder: { crypto } })
    duo.begin()
    const hello = duo.hello()
    hello.set(systemCrypto.randomBytes(16), hello.length - 32)
    expect(duo.offer(hello)).toEqual(drop('bad-mac1'))
    expect(calls).toEqual({ agree: 0, hmac: 1 })
  })

  test('who sends anything at all gets nothing back, and nothing is thrown', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    const mutation = fc.record({ at: fc.nat({ max: 159 }), byte: fc.nat({ max: 255 }) })
    const mutated = fc.array(mutation, { minLength: 1, maxLength: 8 }).map((changes) => {
      const copy = Uint8Array.from(hello)
      for (const { at, byte } of changes) copy[at] = byte
      return copy
    })
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat({ max: 160 }).map((length) => hello.subarray(0, length)),
      fc.uint8Array({ minLength: 160, maxLength: 160 }).map((bytes) => {
        bytes.set(hello.subarray(0, 12))
        return bytes
      }),
      // Only the clear part and the message: a change of nothing but MAC2 is a cookie that is wrong.
      mutated.map((bytes) => bytes.fill(0, 144)),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        const same = bytes.length === 160 && bytes.every((byte, i) => byte === hello[i])
        expect(same || duo.offer(bytes).kind === 'drop').toBe(true)
        expect(['late-welcome', 'bad-length', 'bad-handshake']).toContain(reasonOf(duo, bytes))
        expect(duo.initiator.handleCookie(bytes)).toEqual(expect.any(String))
      }),
      { numRuns: RUNS },
    )
    expect(duo.offer(hello).kind).toBe('accept')
  })

  test('who replays, reorders and repeats what others said gets no second session out of it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { maxLength: 40 }), (order) => {
        const duo = new Duo()
        const hellos = Array.from({ length: 6 }, (_, i) => {
          duo.begin(i)
          return duo.hello(i)
        })
        let newest = -1
        for (const i of order) {
          const result = duo.offer(hellos[i] ?? new Uint8Array())
          const expected = i > newest ? 'accept' : i === newest ? 'repeat' : 'drop'
          expect(result.kind).toBe(expected)
          if (result.kind === 'accept') result.hello.respond({ localIndex: 1 })
          newest = Math.max(newest, i)
        }
      }),
      { numRuns: 20 },
    )
  })

  test('with a key of low order is dropped', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    hello.fill(0, 12, 44)
    expect(duo.offer(withFittingMac(hello, serverKeys))).toEqual(drop('forged-hello'))
  })
})

test('room for an answer is demanded before anything happens', () => {
  const responder = new Responder({
    crypto: systemCrypto,
    costs: COSTS,
    staticKeys: serverKeys,
    peerOf: () => undefined,
  })
  const hello = { frame: new Uint8Array(160), source: SOURCE, nowMs: WALL_MS }
  expect(() => responder.handleHello(hello, new Uint8Array(159))).toThrow('up to 160 bytes, not 159')
})

/** Why the bytes are no welcome. */
function reasonOf(duo: Duo, bytes: Uint8Array): string {
  const result = duo.initiator.handleWelcome(bytes)
  return result.kind === 'drop' ? result.reason : result.kind
}
