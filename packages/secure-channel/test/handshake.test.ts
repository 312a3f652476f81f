import { COOKIE_FRAME_BYTES, HELLO_BYTES, Initiator, WELCOME_BYTES } from '@mp/secure-channel'
import type { CipherCosts } from '@mp/secure-channel'
import { describe, expect, test } from 'vitest'
import { clientKeys, COSTS, Duo, flipped, serverKeys, WALL_MS, withFittingMac } from './handshake-support.ts'
import { countingCrypto, systemCrypto } from './support.ts'

const drop = (reason: string): { kind: 'drop'; reason: string } => ({ kind: 'drop', reason })

function costs([chacha, aes]: readonly [number, number]): CipherCosts {
  return { 'chacha20-poly1305': chacha, 'aes-256-gcm': aes }
}

/** When hellos go out until then, driven by nothing but the timeout. */
function schedule(duo: Duo, untilMs: number): number[] {
  const times: number[] = []
  for (let nowMs = duo.initiator.pollTimeout(); nowMs < untilMs; nowMs = duo.initiator.pollTimeout()) {
    expect(duo.initiator.handleTimeout(nowMs - 1, WALL_MS)).toBe(false)
    if (duo.initiator.handleTimeout(nowMs, WALL_MS + nowMs)) times.push(nowMs)
  }
  return times
}

describe('a handshake', () => {
  test('gives both sides the same keys, cipher, epoch and indices', () => {
    const duo = new Duo()
    duo.begin()
    const { frame, keys: theirs, hello } = duo.welcome(duo.hello(9))
    const result = duo.initiator.handleWelcome(frame)
    if (result.kind !== 'keys') throw new Error(result.reason)
    const { keys: ours } = result
    expect(ours).toEqual({
      cipher: 'aes-256-gcm',
      epoch: 0,
      fresh: true,
      localIndex: 0xabcde,
      remoteIndex: 77,
      send: theirs.receive,
      receive: theirs.send,
      handshakeHash: theirs.handshakeHash,
    })
    expect(theirs).toMatchObject({ cipher: 'aes-256-gcm', localIndex: 77, remoteIndex: 0xabcde })
    expect(ours.send).not.toEqual(ours.receive)
    expect(hello).toMatchObject({ pathId: 9, session: 0, remoteIndex: 0xabcde, cipher: 'aes-256-gcm' })
    expect(duo.initiator.pending).toBe(false)
    expect(duo.initiator.pollTimeout()).toBe(Infinity)
  })

  test('has frames of the documented sizes, none larger than the hello', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    expect(hello).toHaveLength(160)
    expect(duo.welcome(hello).frame).toHaveLength(100)
    expect([HELLO_BYTES, WELCOME_BYTES, COOKIE_FRAME_BYTES]).toEqual([160, 100, 52])
  })

  test('renews the keys of a session under its indices and the next epoch', () => {
    const duo = new Duo()
    duo.begin(0, 77)
    const { frame, hello } = duo.welcome(duo.hello(), { localIndex: 77, epoch: 3 })
    expect(hello.session).toBe(77)
    const keys = { epoch: 3, fresh: false, remoteIndex: 77 }
    expect(duo.initiator.handleWelcome(frame)).toMatchObject({ kind: 'keys', keys })
  })

  test('may begin a new session when the responder does not know the old one', () => {
    const duo = new Duo()
    duo.begin(0, 78)
    const result = duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame)
    expect(result).toMatchObject({ kind: 'keys', keys: { epoch: 0, fresh: true, remoteIndex: 77 } })
  })

  test('works with a preshared key that both have', () => {
    const presharedKey = systemCrypto.randomBytes(32)
    const duo = new Duo({ initiator: { presharedKey }, peer: { presharedKey } })
    duo.begin()
    expect(duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame).kind).toBe('keys')
  })

  test('fails when only one side has a preshared key, or another one', () => {
    const presharedKey = systemCrypto.randomBytes(32)
    const wrong = { presharedKey: systemCrypto.randomBytes(32) }
    const duos = [
      new Duo({ initiator: { presharedKey } }),
      new Duo({ peer: { presharedKey } }),
      new Duo({ initiator: { presharedKey }, peer: wrong }),
    ]
    for (const duo of duos) {
      duo.begin()
      expect(duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame)).toEqual(drop('forged-welcome'))
      expect(duo.initiator.pending).toBe(true)
    }
  })

  test('is not answered to one who does not know the right public key', () => {
    const duo = new Duo({ initiator: { responderKey: systemCrypto.generateKeyPair().publicKey } })
    duo.begin()
    expect(duo.offer(duo.hello())).toEqual(drop('bad-mac1'))
  })

  test('is not answered to a stranger', () => {
    const duo = new Duo({ responder: { peerOf: () => undefined } })
    duo.begin()
    expect(duo.offer(duo.hello())).toEqual(drop('unknown-peer'))
  })

  test('can be refused by the owner, and then the same hello is news again', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    expect(duo.offer(hello).kind).toBe('accept')
    expect(duo.offer(hello).kind).toBe('accept')
  })

  test('is answered at most once by hand', () => {
    const duo = new Duo()
    duo.begin()
    const { hello } = duo.welcome(duo.hello())
    expect(() => hello.respond({ localIndex: 78 })).toThrow(RangeError)
  })

  test('does not take indices and epochs that do not exist, and then nothing has happened', () => {
    const duo = new Duo()
    duo.begin()
    const result = duo.offer(duo.hello())
    if (result.kind !== 'accept') throw new Error(result.kind)
    expect(() => result.hello.respond({ localIndex: 0 })).toThrow(RangeError)
    expect(() => result.hello.respond({ localIndex: 1, epoch: 4 })).toThrow(RangeError)
    const { lengthBytes } = result.hello.respond({ localIndex: 1 })
    expect(duo.initiator.handleWelcome(duo.sent(lengthBytes)).kind).toBe('keys')
    expect(() => duo.initiator.begin({ nowMs: 0, wallMs: 0, localIndex: 0, remoteIndex: 0 })).toThrow(
      RangeError,
    )
  })
})

describe('the cipher', () => {
  const cases = [
    { ours: [900, 400], theirs: [500, 5000], cipher: 'chacha20-poly1305' },
    { ours: [900, 400], theirs: [500, 800], cipher: 'aes-256-gcm' },
    { ours: [300, 300], theirs: [300, 300], cipher: 'chacha20-poly1305' },
    { ours: [900, 0], theirs: [900, 1], cipher: 'chacha20-poly1305' },
    { ours: [1, 900_000], theirs: [0, 900], cipher: 'aes-256-gcm' },
  ] as const
  test.each(cases)('is $cipher for costs of $ours and $theirs ns', ({ ours, theirs, cipher }) => {
    const duo = new Duo({ initiator: { costs: costs(ours) }, responder: { costs: costs(theirs) } })
    duo.begin()
    const { frame, keys } = duo.welcome(duo.hello())
    expect(keys.cipher).toBe(cipher)
    expect(duo.initiator.handleWelcome(frame)).toMatchObject({ kind: 'keys', keys: { cipher } })
  })

  test('is a reason to drop the hello when there is none in common', () => {
    const duo = new Duo({ initiator: { costs: costs([5, 0]) }, responder: { costs: costs([0, 5]) } })
    duo.begin()
    expect(duo.offer(duo.hello())).toEqual(drop('no-common-cipher'))
  })

  test('must exist at the initiator', () => {
    expect(() => new Duo({ initiator: { costs: costs([0, 0]) } })).toThrow('at least one cipher')
  })
})

describe('every single bit', () => {
  test('of a hello counts: none is accepted with one turned over, and the true one is afterwards', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    const kinds = new Map<string, number>()
    for (let bit = 0; bit < hello.length * 8; bit++) {
      const result = duo.offer(flipped(hello, bit))
      const name = result.kind === 'drop' ? result.reason : result.kind
      kinds.set(name, (kinds.get(name) ?? 0) + 1)
    }
    // All of MAC2 is a proof that is wrong, which is told; the clear words and all the rest are dropped.
    expect(Object.fromEntries(kinds)).toEqual({
      'bad-handshake': 2 + 4 + 2 + 24 + 24 + 8,
      'bad-mac1': 8 + 24 + (116 + 16) * 8,
      cookie: 16 * 8,
    })
    expect(duo.offer(hello).kind).toBe('accept')
  })

  test('of a welcome counts, and the true one is taken afterwards', () => {
    const duo = new Duo()
    duo.begin()
    const { frame } = duo.welcome(duo.hello())
    const reasons = new Set<string>()
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const result = duo.initiator.handleWelcome(flipped(frame, bit))
      reasons.add(result.kind === 'drop' ? result.reason : result.kind)
    }
    expect([...reasons].toSorted()).toEqual(['bad-handshake', 'bad-mac1', 'bad-receiver'])
    expect(duo.initiator.handleWelcome(frame).kind).toBe('keys')
  })

  test('of the Noise messages counts also when the MACs are right, and so does the index', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    const end = 8 * (hello.length - 32)
    for (let bit = 8 * 9; bit < end; bit += 5) {
      const damaged = withFittingMac(flipped(hello, bit), serverKeys)
      const fresh = new Duo({ responder: { handshakesPerSecond: 1e6 } })
      expect(fresh.offer(damaged)).toEqual(drop('forged-hello'))
    }
    const { frame } = duo.welcome(hello)
    for (let bit = 8 * 12; bit < 8 * (frame.length - 32); bit += 5) {
      const damaged = withFittingMac(flipped(frame, bit), clientKeys)
      expect(duo.initiator.handleWelcome(damaged)).toEqual(drop('forged-welcome'))
    }
    expect(duo.initiator.handleWelcome(frame).kind).toBe('keys')
  })

  test('of the responder index in clear counts', () => {
    const duo = new Duo()
    duo.begin()
    const damaged = withFittingMac(flipped(duo.welcome(duo.hello()).frame, 8 * 11), clientKeys)
    expect(duo.initiator.handleWelcome(damaged)).toEqual(drop('bad-welcome'))
  })
})

describe('the same hello', () => {
  test('is answered with the same welcome on every path, and means one session', () => {
    const duo = new Duo()
    duo.begin()
    const hellos = [1, 2, 200].map((pathId) => duo.hello(pathId))
    const { frame: first } = duo.welcome(hellos[1] ?? new Uint8Array())
    for (const [i, pathId] of [1, 2, 200].entries()) {
      const result = duo.offer(hellos[i] ?? new Uint8Array(), { source: `192.0.2.${pathId}:1` })
      if (result.kind !== 'repeat') throw new Error(result.kind)
      const again = duo.sent(result.lengthBytes)
      expect(again[4]).toBe(pathId)
      expect(again.subarray(8, -32)).toEqual(first.subarray(8, -32))
    }
    expect(duo.initiator.pending).toBe(true)
    expect(duo.initiator.handleWelcome(duo.sent(WELCOME_BYTES)).kind).toBe('keys')
    expect(duo.initiator.handleWelcome(first)).toEqual(drop('late-welcome'))
  })

  test('costs no X25519 when it comes again', () => {
    const { crypto, calls } = countingCrypto()
    const duo = new Duo({ responder: { crypto } })
    duo.begin()
    duo.welcome(duo.hello(1))
    const before = calls.agree
    expect(duo.offer(duo.hello(2)).kind).toBe('repeat')
    expect(duo.offer(duo.hello(2), { nowMs: 30_000 })).toEqual(drop('replayed-hello'))
    expect(calls.agree).toBe(before)
  })

  test('is not answered under another index, and that costs no X25519', () => {
    const { crypto, calls } = countingCrypto()
    const duo = new Duo({ responder: { crypto } })
    duo.begin()
    const hello = duo.hello()
    duo.welcome(hello)
    const before = calls.agree
    expect(duo.offer(withFittingMac(flipped(hello, 8 * 11), serverKeys))).toEqual(drop('forged-hello'))
    expect(calls.agree).toBe(before)
  })

  test('is not answered any more by one that forgot the peer', () => {
    const duo = new Duo()
    duo.begin()
    const hello = duo.hello()
    const { hello: accepted } = duo.welcome(hello)
    duo.responder.forget(accepted.publicKey)
    expect(duo.offer(hello).kind).toBe('accept')
  })
})

describe('an old hello', () => {
  test('is not answered once a newer one was, whatever the wall clock did', () => {
    const duo = new Duo()
    duo.begin(5000)
    const old = duo.hello()
    duo.begin(0)
    const young = duo.hello()
    duo.welcome(young)
    expect(duo.offer(old)).toEqual(drop('replayed-hello'))
  })

  test('is not answered when it is another one of the same moment', () => {
    const [duo, twin] = [new Duo(), new Duo()]
    for (const { initiator } of [duo, twin]) {
      initiator.begin({ nowMs: 0, wallMs: WALL_MS, localIndex: 7, remoteIndex: 0 })
    }
    duo.welcome(duo.hello())
    expect(duo.offer(twin.hello())).toEqual(drop('replayed-hello'))
  })

  test('can be overtaken by the next one, and only that counts', () => {
    const duo = new Duo()
    duo.begin()
    const { frame: first } = duo.welcome(duo.hello())
    duo.begin()
    expect(duo.initiator.handleWelcome(first)).toEqual(drop('forged-welcome'))
    expect(duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame).kind).toBe('keys')
  })
})

describe('an initiator', () => {
  test('says hello often at first, then ever more rarely, at least every 2 s', () => {
    const duo = new Duo()
    duo.begin()
    const times = [0, ...schedule(duo, 60_000)]
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0))
    for (const [i, pause] of pauses.entries()) {
      const longest = Math.min(2000, 250 * 1.25 ** i)
      expect(pause).toBeGreaterThanOrEqual(0.8 * longest - 1e-6)
      expect(pause).toBeLessThanOrEqual(longest + 1e-6)
    }
    expect(times.filter((time) => time < 5000).length).toBeGreaterThanOrEqual(9)
  })

  test('repeats the same message for 10 s, so that a round trip of 3 s works, then makes a new one', () => {
    const duo = new Duo()
    duo.begin()
    const first = duo.hello()
    schedule(duo, 9000)
    expect(duo.hello()).toEqual(first)
    schedule(duo, 13_000)
    expect(duo.hello().subarray(12, 44)).not.toEqual(first.subarray(12, 44))
    expect(duo.initiator.handleWelcome(duo.welcome(first).frame)).toEqual(drop('forged-welcome'))
    expect(duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame).kind).toBe('keys')
  })

  test('writes nothing and wakes nobody when it has nothing to do', () => {
    const duo = new Duo()
    expect(duo.hello()).toHaveLength(0)
    expect(duo.initiator.pollTimeout()).toBe(Infinity)
    expect(duo.initiator.handleTimeout(1e9, WALL_MS)).toBe(false)
    expect(duo.initiator.handleWelcome(new Uint8Array(100))).toEqual(drop('late-welcome'))
    expect(duo.initiator.handleCookie(new Uint8Array(52))).toBe('late-cookie')
    duo.begin()
    duo.initiator.cancel()
    expect(duo.hello()).toHaveLength(0)
  })

  test('is told by the wrong size of a key what is wrong', () => {
    const responderKey = new Uint8Array(31)
    expect(() => new Duo({ initiator: { responderKey } })).toThrow('a public key has 32 bytes, not 31')
    const presharedKey = responderKey
    expect(() => new Duo({ initiator: { presharedKey } })).toThrow('a preshared key has 32 bytes, not 31')
    const duo = new Duo()
    duo.begin()
    expect(() => duo.initiator.helloFor(1, new Uint8Array(HELLO_BYTES - 1))).toThrow(RangeError)
  })

  test('drops what an authentic responder should not say, and tries with a new message', () => {
    const duo = new Duo()
    duo.begin(0, 5)
    const { frame } = duo.welcome(duo.hello(), { localIndex: 6, epoch: 1 })
    expect(duo.initiator.handleWelcome(frame)).toEqual(drop('bad-welcome'))
    const before = duo.hello()
    expect(duo.initiator.handleTimeout(1000, WALL_MS)).toBe(true)
    expect(duo.hello()).not.toEqual(before)
    expect(duo.initiator.handleWelcome(duo.welcome(duo.hello()).frame).kind).toBe('keys')
  })

  test('does not share ephemeral keys among handshakes', () => {
    const ephemerals = new Set<string>()
    const initiator = new Initiator({
      crypto: systemCrypto,
      costs: COSTS,
      staticKeys: systemCrypto.generateKeyPair(),
      responderKey: systemCrypto.generateKeyPair().publicKey,
    })
    const into = new Uint8Array(HELLO_BYTES)
    for (let i = 0; i < 10; i++) {
      initiator.begin({ nowMs: 0, wallMs: WALL_MS, localIndex: 1, remoteIndex: 0 })
      initiator.helloFor(0, into)
      ephemerals.add(into.subarray(12, 44).join())
    }
    expect(ephemerals.size).toBe(10)
  })
})
