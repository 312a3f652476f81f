import type { AeadKey, BatchAead, CipherName, OpenRun, PacketBatch, PacketPool, SealRun } from '@mp/interface'
import { checkOpenRun, checkSealRun, copyAeadKey, wipedKeyError } from './aead-run.ts'
import { CLEAR_BYTES, type CreateFrameCipher, type FrameCipher, TAG_BYTES } from './frame-cipher.ts'
import { nodeFrameCipher } from './node-frame-cipher.ts'
import { sodiumFrameCipher } from './sodium-frame-cipher.ts'

/** What an AEAD is made for. */
export interface AeadOptions {
  /** Its arena is where all batches have their frames. */
  readonly pool: Pick<PacketPool, 'arena'>
  readonly cipher: CipherName
}

/** The AEAD of node:crypto, one frame after the other: about 5 µs each, whatever their length. */
export function nodeAead({ pool, cipher }: AeadOptions): BatchAead {
  return { cipher, backend: 'node', createKey: keysIn(pool.arena, nodeFrameCipher(cipher)) }
}

/**
 * The AEAD of sodium-native, one frame after the other, about 2 µs for 1400 bytes. Undefined when that package is not
 * installed, and for AES-256-GCM, which libsodium has on some machines only.
 */
export function sodiumAead({ pool, cipher }: AeadOptions): BatchAead | undefined {
  const create = cipher === 'chacha20-poly1305' ? sodiumFrameCipher() : undefined
  return create && { cipher, backend: 'sodium', createKey: keysIn(pool.arena, create) }
}

/** The fastest AEAD that needs no addon of ours: sodium-native where it can, else node:crypto. */
export function portableAead(options: AeadOptions): BatchAead {
  return sodiumAead(options) ?? nodeAead(options)
}

function keysIn(arena: Uint8Array, create: CreateFrameCipher): (key: Uint8Array) => AeadKey {
  return (key) => new PortableKey(arena, copyAeadKey(key), create)
}

class PortableKey implements AeadKey {
  readonly #arenaBytes: number
  readonly #key: Uint8Array
  readonly #nonce = new Uint8Array(12)
  readonly #nonceView = new DataView(this.#nonce.buffer)
  #cipher: FrameCipher | undefined

  constructor(arena: Uint8Array, key: Uint8Array, create: CreateFrameCipher) {
    this.#arenaBytes = arena.length
    this.#key = key
    this.#cipher = create(key, arena)
  }

  seal(batch: PacketBatch, run: SealRun): void {
    const cipher = this.#living()
    checkSealRun(batch, run)
    const { from, to, pathId, firstCounter } = run
    for (let row = from; row < to; row++) {
      const start = batch.offset[row]!
      const length = batch.length[row]!
      const fits = length >= CLEAR_BYTES && this.#holds(start, length + TAG_BYTES)
      if (fits) cipher.seal(this.#nonceOf(pathId, firstCounter + (row - from)), start, start + length)
      batch.length[row] = fits ? length + TAG_BYTES : 0
    }
  }

  open(batch: PacketBatch, run: OpenRun): number {
    const cipher = this.#living()
    checkOpenRun(batch, run)
    let opened = 0
    for (let row = run.from; row < run.to; row++) {
      const authentic = this.#openRow(cipher, batch, row, run.counters[row]!)
      batch.length[row] = authentic ? batch.length[row]! - TAG_BYTES : 0
      if (authentic) opened++
    }
    return opened
  }

  wipe(): void {
    this.#key.fill(0)
    this.#cipher = undefined
  }

  #openRow(cipher: FrameCipher, batch: PacketBatch, row: number, counter: number): boolean {
    const start = batch.offset[row]!
    const length = batch.length[row]!
    const fits = length >= CLEAR_BYTES + TAG_BYTES && this.#holds(start, length)
    if (!fits || !Number.isSafeInteger(counter) || counter < 0) return false
    return cipher.open(this.#nonceOf(batch.path[row]!, counter), start, start + length)
  }

  #holds(start: number, length: number): boolean {
    return start >= 0 && start + length <= this.#arenaBytes
  }

  #nonceOf(pathId: number, counter: number): Uint8Array {
    this.#nonceView.setUint32(0, pathId)
    this.#nonceView.setUint32(4, counter / 2 ** 32)
    this.#nonceView.setUint32(8, counter)
    return this.#nonce
  }

  #living(): FrameCipher {
    if (this.#cipher === undefined) throw wipedKeyError()
    return this.#cipher
  }
}
