import type { AeadKey, BatchAead, CipherName } from '@mp/interface'
import type { SessionKeys } from './session-keys.ts'

const EPOCHS = 4
const REKEY_AFTER_MS = 120_000
const REJECT_AFTER_MS = 180_000
const OVERLAP_MS = 3000

/**
 * Packets, by cipher. AES-GCM loses its margin after about 2^23 packets under one key (RFC 9001 §6.6), the rest are
 * far from any harm; the forged ones are those of RFC 9001 §6.6 and §B.
 */
const LIMITS: Readonly<
  Record<
    CipherName,
    { readonly rekeyPackets: number; readonly lastPacket: number; readonly forgedPackets: number }
  >
> = {
  'chacha20-poly1305': { rekeyPackets: 2 ** 40, lastPacket: 2 ** 41, forgedPackets: 2 ** 36 },
  'aes-256-gcm': { rekeyPackets: 2 ** 22, lastPacket: 2 ** 23, forgedPackets: 2 ** 52 },
}

/** How a {@link KeyRing} works. */
export interface KeyRingOptions {
  /** Which side we were in the handshake: the initiator renews keys, the responder waits until it did. */
  readonly role: 'initiator' | 'responder'
  /** The batch cipher of this name. */
  readonly aeadOf: (cipher: CipherName) => BatchAead
  /** Age of keys at which to wish for new ones, ms. Default 120 000. */
  readonly rekeyAfterMs?: number
  /**
   * How long after the other side showed the new keys frames under the old ones are opened, ms: three times what the
   * slowest path may lag. Default 3000.
   */
  readonly overlapMs?: number
}

/**
 * What a ring has to say. `rekey`: begin a handshake for this session. `confirmed`: the other side uses the newest
 * keys, so it is there, and an older session with it can go. `closed`: there are no keys to go on with; begin a new
 * session or forget this one.
 */
export type KeyRingEvent =
  | { readonly type: 'rekey' | 'confirmed' }
  | { readonly type: 'closed'; readonly reason: 'expired' | 'exhausted' | 'forged' }

interface Epoch {
  readonly number: number
  readonly cipher: CipherName
  readonly send: AeadKey
  readonly receive: AeadKey
  readonly rekeyAtMs: number
  /** When both keys are wiped. */
  endsAtMs: number
  /** The other side has sealed a frame with it. */
  confirmed: boolean
  sealedPackets: number
  openedPackets: number
}

/**
 * The keys of one session through its epochs. At most three are held: the one frames are sealed with, the one before
 * it, with which late frames are still opened, and at the responder the next one, until a frame under it shows that
 * the initiator has it. So each side can always open what the other one seals, and no frame is lost at a change.
 *
 * Path counters go on over all epochs of a session: with them a pair of path id and counter is used once, ever.
 */
export class KeyRing {
  readonly #options: KeyRingOptions
  readonly #rekeyAfterMs: number
  readonly #overlapMs: number
  readonly #epochs: (Epoch | undefined)[] = Array.from({ length: EPOCHS })
  readonly #events: KeyRingEvent[] = []
  #sending: Epoch | undefined
  /** Number of the newest epoch frames were sealed under, -1 before the first. */
  #newest = -1
  #wished = false
  #closed = false
  #forgedPackets = 0
  #forgedLimit = Infinity

  constructor(options: KeyRingOptions) {
    this.#options = options
    this.#rekeyAfterMs = options.rekeyAfterMs ?? REKEY_AFTER_MS
    this.#overlapMs = options.overlapMs ?? OVERLAP_MS
  }

  /** The key to seal with; undefined before the first and after the last. */
  get sendKey(): AeadKey | undefined {
    return this.#sending?.send
  }

  /** What frames are sealed with. */
  get cipher(): CipherName | undefined {
    return this.#sending?.cipher
  }

  /** The epoch to write into frames sealed with {@link sendKey}, 0…3. */
  get sendEpoch(): number {
    return this.#sending?.number ?? 0
  }

  /** The epoch a responder gives to the next keys of this session. */
  get nextEpoch(): number {
    return (this.#newest + 1) % EPOCHS
  }

  /** The key to open frames of an epoch 0…3 with, or undefined when there is none: drop the frame. */
  receiveKey(epoch: number): AeadKey | undefined {
    return this.#epochs[epoch]?.receive
  }

  /**
   * Takes the keys of a handshake and wipes them. The initiator seals with them from now on, the responder once it
   * opened a frame under them.
   * @returns false when both sides use keys of this epoch already: the peer errs, and the new keys are not taken.
   * Throws RangeError after `closed`.
   */
  install(keys: SessionKeys, nowMs: number): boolean {
    if (this.#closed) throw new RangeError('the session is closed: begin a new one with a new ring')
    const replaced = this.#epochs[keys.epoch]
    const current = this.#sending
    const refused = current !== undefined && current === replaced && current.confirmed
    const epoch = refused ? undefined : this.#epochOf(keys, nowMs)
    keys.send.fill(0)
    keys.receive.fill(0)
    if (epoch === undefined) return false
    this.#epochs[keys.epoch] = epoch
    this.#forgedLimit = LIMITS[keys.cipher].forgedPackets
    // Keys the other side never used give way to those of the next handshake, which has the same epoch.
    if (current !== undefined && current === replaced) this.#sending = epoch
    else if (this.#options.role === 'initiator') this.#sendWith(epoch)
    this.#wished = false
    this.#drop(replaced)
    return true
  }

  /** That many packets were sealed with {@link sendKey}. */
  handleSealed(packets: number): void {
    const epoch = this.#sending
    if (epoch === undefined) return
    epoch.sealedPackets += packets
    const { rekeyPackets, lastPacket } = LIMITS[epoch.cipher]
    if (epoch.sealedPackets >= lastPacket) this.#close('exhausted')
    else if (epoch.sealedPackets >= rekeyPackets) this.#wish()
  }

  /** That many packets of an epoch were authentic. The first one confirms the epoch. */
  handleOpened(epochNumber: number, packets: number, nowMs: number): void {
    const epoch = this.#epochs[epochNumber]
    if (epoch === undefined || packets === 0) return
    epoch.openedPackets += packets
    if (!epoch.confirmed) this.#confirm(epoch, nowMs)
    // Only the initiator can renew keys, so it also watches over what the responder seals.
    if (epoch === this.#sending && epoch.openedPackets >= LIMITS[epoch.cipher].rekeyPackets) this.#wish()
  }

  /** That many packets were not authentic. */
  handleForged(packets: number): void {
    this.#forgedPackets += packets
    if (this.#forgedPackets >= this.#forgedLimit) this.#close('forged')
  }

  /** When {@link handleTimeout} must next run, ms; `Infinity` = never. */
  pollTimeout(): number {
    let atMs =
      this.#wished || this.#options.role === 'responder' ? Infinity : (this.#sending?.rekeyAtMs ?? Infinity)
    for (const epoch of this.#epochs) if (epoch !== undefined) atMs = Math.min(atMs, epoch.endsAtMs)
    return atMs
  }

  handleTimeout(nowMs: number): void {
    if (this.#sending !== undefined && nowMs >= this.#sending.rekeyAtMs) this.#wish()
    let ended = false
    for (const epoch of this.#epochs) {
      if (epoch === undefined || nowMs < epoch.endsAtMs) continue
      this.#drop(epoch)
      ended = true
    }
    if (ended && this.#epochs.every((epoch) => epoch === undefined)) this.#close('expired')
  }

  pollEvent(): KeyRingEvent | undefined {
    return this.#events.shift()
  }

  /** Wipes all keys; nothing can be sealed or opened any more. */
  wipe(): void {
    for (const epoch of this.#epochs) this.#drop(epoch)
    this.#closed = true
  }

  #epochOf(keys: SessionKeys, nowMs: number): Epoch {
    const aead = this.#options.aeadOf(keys.cipher)
    return {
      number: keys.epoch,
      cipher: keys.cipher,
      send: aead.createKey(keys.send),
      receive: aead.createKey(keys.receive),
      rekeyAtMs: nowMs + this.#rekeyAfterMs,
      endsAtMs: nowMs + REJECT_AFTER_MS,
      confirmed: false,
      sealedPackets: 0,
      openedPackets: 0,
    }
  }

  /** The other side has the keys of this epoch and seals with them; what it sealed before is still under way. */
  #confirm(epoch: Epoch, nowMs: number): void {
    epoch.confirmed = true
    if (epoch !== this.#sending) this.#sendWith(epoch)
    for (const other of this.#epochs) {
      if (other !== undefined && other !== epoch)
        other.endsAtMs = Math.min(other.endsAtMs, nowMs + this.#overlapMs)
    }
    this.#events.push({ type: 'confirmed' })
  }

  /** Seals with an epoch from now on. Of the others, only the one used until now is kept. */
  #sendWith(epoch: Epoch): void {
    for (const other of this.#epochs) if (other !== epoch && other !== this.#sending) this.#drop(other)
    this.#sending = epoch
    this.#newest = epoch.number
  }

  #wish(): void {
    if (this.#wished || this.#options.role === 'responder') return
    this.#wished = true
    this.#events.push({ type: 'rekey' })
  }

  #close(reason: 'expired' | 'exhausted' | 'forged'): void {
    if (this.#closed) return
    this.wipe()
    this.#events.push({ type: 'closed', reason })
  }

  #drop(epoch: Epoch | undefined): void {
    if (epoch === undefined) return
    epoch.send.wipe()
    epoch.receive.wipe()
    if (this.#epochs[epoch.number] === epoch) this.#epochs[epoch.number] = undefined
    if (this.#sending === epoch) this.#sending = undefined
  }
}
