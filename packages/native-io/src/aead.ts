import type { AeadKey, BatchAead, CipherName, OpenRun, PacketBatch, SealRun } from '@mp/interface'
import { type AeadOptions, checkOpenRun, checkSealRun, copyAeadKey, wipedKeyError } from '@mp/runtime-node'
import type { Binding, KeyHandle } from './binding.ts'

/** The AEAD of the addon, or why it cannot be had here. */
export type NativeAeadResult =
  | { readonly aead: BatchAead }
  | { readonly aead: undefined; readonly reason: string }

/** Tags of a frame of 24 zero bytes under key, path and counter 0. */
const KNOWN_TAGS: Readonly<Record<CipherName, string>> = {
  'aes-256-gcm': '0ef4a74cb88139b96cbba4e4f4ce7dcf',
  'chacha20-poly1305': '77bcc240d1447b7a13156183fc4507b9',
}

/**
 * Makes the AEAD of the addon. OpenSSL is found in the running program by the names of its functions, so it has to
 * prove first that it computes what it should.
 */
export function createAead(binding: Binding, { pool, cipher }: AeadOptions): NativeAeadResult {
  const fault = faultOf(binding, cipher)
  if (fault !== undefined) return { aead: undefined, reason: `the OpenSSL of this program ${fault}` }
  const createKey = (key: Uint8Array): AeadKey => {
    const copy = copyAeadKey(key)
    try {
      return new NativeKey(binding, pool.arena, binding.aeadKey(cipher, copy))
    } finally {
      copy.fill(0)
    }
  }
  return { aead: { cipher, backend: 'native', createKey } }
}

function faultOf(binding: Binding, cipher: CipherName): string | undefined {
  const arena = new Uint8Array(40)
  const row = Int32Array.of(0, 0, 24, 0, 0, 0, 0, 0)
  try {
    const key = binding.aeadKey(cipher, new Uint8Array(32))
    binding.aeadSeal(key, arena, row, 0, 1, 0, 0)
    const tag = Buffer.from(arena.subarray(24)).toString('hex')
    const opened = binding.aeadOpen(key, arena, row, 0, 1, new Float64Array(1))
    binding.aeadWipe(key)
    return tag === KNOWN_TAGS[cipher] && opened === 1 ? undefined : `computes a wrong ${cipher}`
  } catch (error) {
    return `lacks ${(error as Error).message}`
  }
}

class NativeKey implements AeadKey {
  readonly #binding: Binding
  readonly #arena: Uint8Array
  #handle: KeyHandle | undefined

  constructor(binding: Binding, arena: Uint8Array, handle: KeyHandle) {
    this.#binding = binding
    this.#arena = arena
    this.#handle = handle
  }

  seal(batch: PacketBatch, run: SealRun): void {
    const handle = this.#living()
    checkSealRun(batch, run)
    const { from, to, pathId, firstCounter } = run
    this.#binding.aeadSeal(handle, this.#arena, batch.table, from, to, pathId, firstCounter)
  }

  open(batch: PacketBatch, run: OpenRun): number {
    const handle = this.#living()
    checkOpenRun(batch, run)
    return this.#binding.aeadOpen(handle, this.#arena, batch.table, run.from, run.to, run.counters)
  }

  wipe(): void {
    if (this.#handle !== undefined) this.#binding.aeadWipe(this.#handle)
    this.#handle = undefined
  }

  #living(): KeyHandle {
    if (this.#handle === undefined) throw wipedKeyError()
    return this.#handle
  }
}
