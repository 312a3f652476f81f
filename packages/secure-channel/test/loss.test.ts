import type { Crypto } from '@mp/interface'
import { seededRandom } from '@mp/testkit'
import type { Random } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { Duo, WALL_MS } from './handshake-support.ts'
import { systemCrypto } from './support.ts'

interface Line {
  readonly delayMs: number
  readonly loss: number
}

/**
 * Reproducible from a seed, and cheap: a key agreement that commutes like X25519 and protects nothing. What is looked
 * at here is when messages go and come; the rest is real.
 */
function simulatedCrypto(random: Random): Crypto {
  const randomBytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random() * 256)
  return {
    ...systemCrypto,
    randomBytes,
    generateKeyPair: () => {
      const key = randomBytes(32)
      return { publicKey: key.slice(), privateKey: key }
    },
    agree: (a, b) => a.map((byte, i) => byte ^ (b[i] ?? 0)),
  }
}

/** Runs one handshake over these lines in virtual time. @returns when the initiator had its keys, ms. */
function handshakeMs(lines: readonly Line[], seed: number): number {
  const random = seededRandom(seed)
  const crypto = simulatedCrypto(random)
  const server = crypto.generateKeyPair()
  const duo = new Duo({
    initiator: { crypto, staticKeys: crypto.generateKeyPair(), responderKey: server.publicKey },
    responder: { crypto, staticKeys: server, handshakesPerSecond: 1e6 },
  })
  const mailbox: { readonly atMs: number; readonly deliver: () => void }[] = []
  const carry = (line: Line, nowMs: number, deliver: (atMs: number) => void): void => {
    if (random() < line.loss) return
    const atMs = nowMs + line.delayMs * (1 + random())
    mailbox.push({ atMs, deliver: () => deliver(atMs) })
  }
  const done: number[] = []
  const answer = (line: Line, hello: Uint8Array, nowMs: number): void => {
    const result = duo.offer(hello, { nowMs })
    if (result.kind !== 'accept' && result.kind !== 'repeat') throw new Error(JSON.stringify(result))
    const { lengthBytes } = result.kind === 'accept' ? result.hello.respond({ localIndex: 1 }) : result
    const welcome = duo.sent(lengthBytes)
    carry(line, nowMs, (atMs) => {
      if (duo.initiator.handleWelcome(welcome).kind === 'keys') done.push(atMs)
    })
  }
  const sayHello = (nowMs: number): void => {
    for (const [pathId, line] of lines.entries()) {
      const hello = duo.hello(pathId)
      carry(line, nowMs, (atMs) => answer(line, hello, atMs))
    }
  }
  duo.begin(0)
  sayHello(0)
  while (done.length === 0) {
    mailbox.sort((a, b) => b.atMs - a.atMs)
    const retryMs = duo.initiator.pollTimeout()
    if ((mailbox.at(-1)?.atMs ?? Infinity) <= retryMs) mailbox.pop()?.deliver()
    else if (duo.initiator.handleTimeout(retryMs, WALL_MS + retryMs)) sayHello(retryMs)
  }
  return done[0] ?? Infinity
}

describe('a handshake', () => {
  test('is done within 5 s in 99 of 100 cases over one path that loses 30 % both ways', () => {
    const times = Array.from({ length: 1000 }, (_, seed) => handshakeMs([{ delayMs: 30, loss: 0.3 }], seed))
    const sorted = times.toSorted((a, b) => a - b)
    expect(sorted[990]).toBeLessThanOrEqual(5000)
    expect(sorted[500]).toBeLessThanOrEqual(400)
  })

  test('is not delayed by a dead path, nor by a slow one', () => {
    const alone = handshakeMs([{ delayMs: 30, loss: 0 }], 1)
    for (let seed = 0; seed < 20; seed++) {
      const dead = { delayMs: 30, loss: 1 }
      const slow = { delayMs: 900, loss: 0 }
      expect(handshakeMs([dead, slow, { delayMs: 30, loss: 0 }], seed)).toBeLessThan(120)
    }
    expect(alone).toBeLessThan(120)
  })

  test('is done over a path whose round trip takes longer than any pause between hellos', () => {
    expect(handshakeMs([{ delayMs: 1500, loss: 0 }], 3)).toBeLessThan(6000)
  })
})
