import type { BatchAead, CipherName, OpenRun, PacketBatch, SealRun } from '@mp/interface'
import { KeyRing } from '@mp/secure-channel'
import type { KeyRingEvent, SessionKeys } from '@mp/secure-channel'
import { TAG_BYTES } from '@mp/wire'
import type { Encryption, FrameGuard } from './frame-guard.ts'

export interface SealedGuardOptions {
  readonly role: 'client' | 'server'
  readonly aeadOf: (cipher: CipherName) => BatchAead
  /** The session needs new keys soon: greet again. */
  readonly onKeysWanted: () => void
  /** There are no keys to go on with. */
  readonly onKeysGone: (reason: string) => void
}

/** Of column `flags`, while frames are sealed: their epoch. */
const EPOCH_MASK = 3

/** Seals and opens frames with the keys of a session, batch by batch. */
export class SealedGuard implements FrameGuard {
  readonly tagBytes: number = TAG_BYTES
  readonly #options: SealedGuardOptions
  #ring: KeyRing
  /** The keys ran out; the next ones, whether of this session or another, begin a ring of their own. */
  #isSpent = false

  constructor(options: SealedGuardOptions) {
    this.#options = options
    this.#ring = this.#createRing()
  }

  get sendEpoch(): number {
    return this.#ring.sendEpoch
  }

  get encryption(): Encryption | undefined {
    const { cipher } = this.#ring
    return cipher && { cipher, backend: this.#options.aeadOf(cipher).backend }
  }

  get nextEpoch(): number {
    return this.#ring.nextEpoch
  }

  install(keys: SessionKeys, nowMs: number): void {
    if (keys.fresh || this.#isSpent) {
      this.#ring.wipe()
      this.#ring = this.#createRing()
      this.#isSpent = false
    }
    this.#ring.install(keys, nowMs)
  }

  seal(frames: PacketBatch, run: SealRun): boolean {
    const key = this.#ring.sendKey
    if (key === undefined) return false
    key.seal(frames, run)
    this.#ring.handleSealed(run.to - run.from)
    this.#tell()
    return true
  }

  /** Runs of one epoch are opened in one call; but for the moments around a rekey, that is the whole batch. */
  open(frames: PacketBatch, counters: Float64Array, nowMs: number): void {
    const epochs = frames.flags
    let from = 0
    for (let to = 1; to <= frames.count; to++) {
      if (to < frames.count && ((epochs[to]! ^ epochs[from]!) & EPOCH_MASK) === 0) continue
      this.#openRun(frames, { from, to, counters }, nowMs)
      from = to
    }
    this.#tell()
  }

  close(): void {
    this.#ring.wipe()
  }

  pollTimeout(): number {
    return this.#ring.pollTimeout()
  }

  handleTimeout(nowMs: number): void {
    this.#ring.handleTimeout(nowMs)
    this.#tell()
  }

  #openRun(frames: PacketBatch, run: OpenRun, nowMs: number): void {
    const { from, to } = run
    const epoch = frames.flags[from]! & EPOCH_MASK
    const key = this.#ring.receiveKey(epoch)
    if (key === undefined) {
      frames.length.fill(0, from, to)
      return
    }
    const opened = key.open(frames, run)
    this.#ring.handleOpened(epoch, opened, nowMs)
    this.#ring.handleForged(to - from - opened)
  }

  #handleClosed(reason: string): void {
    this.#isSpent = true
    this.#options.onKeysGone(reason)
  }

  #createRing(): KeyRing {
    const { role, aeadOf } = this.#options
    return new KeyRing({ role: role === 'client' ? 'initiator' : 'responder', aeadOf })
  }

  #tell(): void {
    for (let event = this.#ring.pollEvent(); event !== undefined; event = this.#ring.pollEvent())
      this.#act(event)
  }

  #act(event: KeyRingEvent): void {
    if (event.type === 'rekey') this.#options.onKeysWanted()
    else if (event.type === 'closed') this.#handleClosed(event.reason)
  }
}
