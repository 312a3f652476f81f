import { PathIds } from '@mp/secure-channel'
import type { SessionKeys } from '@mp/secure-channel'
import { seededRandom } from '@mp/testkit'
import type { Random } from '@mp/testkit'
import { describe, expect, test } from 'vitest'
import { markOf, keysOf, ringOf } from './key-ring-support.ts'
import { systemCrypto } from './support.ts'

interface Frame {
  readonly epoch: number
  readonly mark: string | undefined
}

/** Two rings, lines between them that reorder by up to 2.9 s and lose handshakes, and 100 frames a second. */
class Model {
  readonly #random: Random
  readonly #rings = {
    initiator: ringOf('initiator', { rekeyAfterMs: 4000 }),
    responder: ringOf('responder'),
  } as const
  readonly #mailbox: { atMs: number; deliver: (nowMs: number) => void }[] = []
  readonly #pathIds = new PathIds()
  readonly #counters = new Map<number, number>()
  readonly nonces = new Set<string>()
  sealed = 0
  opened = 0
  unopened = 0
  handshakes = 0
  refused = 0
  repeatedNonces = 0
  #retryAtMs = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  run(untilMs: number): void {
    for (let nowMs = 0; nowMs < untilMs; nowMs += 10) this.#step(nowMs)
  }

  #step(nowMs: number): void {
    const due = this.#mailbox.filter(({ atMs }) => atMs <= nowMs)
    for (const mail of due) this.#mailbox.splice(this.#mailbox.indexOf(mail), 1)
    for (const { deliver } of due) deliver(nowMs)
    for (const { ring } of Object.values(this.#rings)) ring.handleTimeout(nowMs)
    for (const event of this.#rings.initiator.events()) {
      if (event.type === 'rekey') this.#retryAtMs = nowMs
      if (event.type === 'confirmed' && this.handshakes > 1) this.#pathIds.handleRekey()
    }
    if (nowMs >= this.#retryAtMs) this.#handshake(nowMs)
    this.#changePaths()
    this.#send('initiator', 'responder', nowMs)
    this.#send('responder', 'initiator', nowMs)
  }

  /** The initiator tries again every 3 s; only an answer to its newest hello counts. */
  #handshake(nowMs: number): void {
    const attempt = nowMs + 3000
    this.#retryAtMs = attempt
    const lost = this.#random() < 0.3
    const secrets = [systemCrypto.randomBytes(32), systemCrypto.randomBytes(32)] as const
    this.#later(nowMs, 1400, (helloMs) => {
      const { ring } = this.#rings.responder
      const epoch = ring.nextEpoch
      const keys = (send: Uint8Array, receive: Uint8Array): SessionKeys => ({
        ...keysOf('initiator', epoch),
        send: send.slice(),
        receive: receive.slice(),
      })
      this.refused += Number(!ring.install(keys(secrets[1], secrets[0]), helloMs))
      if (lost) return
      this.#later(helloMs, 1400, (welcomeMs) => {
        if (this.#retryAtMs !== attempt) return
        this.#retryAtMs = Infinity
        const { initiator } = this.#rings
        this.refused += Number(!initiator.ring.install(keys(secrets[0], secrets[1]), welcomeMs))
        this.handshakes++
      })
    })
  }

  #send(from: 'initiator' | 'responder', to: 'initiator' | 'responder', nowMs: number): void {
    const { ring } = this.#rings[from]
    const mark = markOf(ring.sendKey)
    if (mark === undefined) return
    const frame: Frame = { epoch: ring.sendEpoch, mark }
    if (from === 'initiator') this.#useNonce(mark)
    ring.handleSealed(1)
    this.sealed++
    this.#later(nowMs, 2900, (atMs) => {
      const receiver = this.#rings[to].ring
      if (markOf(receiver.receiveKey(frame.epoch)) !== frame.mark) {
        this.unopened++
        return
      }
      receiver.handleOpened(frame.epoch, 1, atMs)
      this.opened++
    })
  }

  #useNonce(mark: string): void {
    for (const [pathId, counter] of this.#counters) {
      const nonce = `${mark} ${pathId} ${counter}`
      if (this.nonces.has(nonce)) this.repeatedNonces++
      this.nonces.add(nonce)
      this.#counters.set(pathId, counter + 1)
    }
  }

  /** A path comes, its counter at 0, or one goes: so many that the ids run out within an epoch. */
  #changePaths(): void {
    const [oldest] = this.#counters.keys()
    if (oldest !== undefined && this.#counters.size > 2) {
      this.#counters.delete(oldest)
      this.#pathIds.release(oldest)
    } else {
      const id = this.#pathIds.acquire()
      if (id >= 0) this.#counters.set(id, 0)
    }
  }

  #later(nowMs: number, withinMs: number, deliver: (nowMs: number) => void): void {
    this.#mailbox.push({ atMs: nowMs + 10 + this.#random() * withinMs, deliver })
  }
}

describe('two rings', () => {
  test.each([1, 2, 3, 4])('lose no frame at any change of keys, and repeat no nonce (seed %d)', (seed) => {
    const model = new Model(seed)
    model.run(60_000)
    expect(model.handshakes).toBeGreaterThan(5)
    expect(model.sealed).toBeGreaterThan(10_000)
    expect(model.opened).toBeGreaterThan(model.sealed - 1000)
    expect([model.unopened, model.refused]).toEqual([0, 0])
    expect(model.nonces.size).toBeGreaterThan(10_000)
    expect(model.repeatedNonces).toBe(0)
  })
})
