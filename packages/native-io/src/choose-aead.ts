import type { BatchAead, CipherName, PacketBatch, PacketPool } from '@mp/interface'
import { type AeadOptions, portableAead } from '@mp/runtime-node'
import { loadNativeIo, type NativeIoResult } from './load.ts'

/** What {@link chooseAead} goes by. */
export interface ChooseAeadOptions {
  readonly pool: PacketPool
  /** Default `auto`: the one that {@link measureCiphers} finds cheaper. */
  readonly cipher?: CipherName | 'auto'
  /** Default: what {@link loadNativeIo} says. */
  readonly native?: NativeIoResult
}

/** An AEAD, and in words why it is this one: for the status output. */
export interface ChosenAead {
  readonly aead: BatchAead
  readonly reason: string
}

const CIPHERS: readonly CipherName[] = ['aes-256-gcm', 'chacha20-poly1305']
const PACKET_BYTES = 1400
const PACKETS = 16
/** How long one cipher is measured, ms. */
const MEASURE_MS = 3
/** The first rounds are slow, and on a busy machine that time may pass in one of them. */
const MIN_ROUNDS = 32

/**
 * The fastest AEAD this machine has: in batches inside the addon, else frame by frame, by sodium-native where that is
 * installed or by node:crypto. With `auto` it takes a few ms and throws as {@link measureCiphers} does.
 */
export function chooseAead(options: ChooseAeadOptions): ChosenAead {
  const { pool, cipher = 'auto', native = loadNativeIo() } = options
  if (cipher !== 'auto') return chooseBackend({ pool, cipher }, native)
  const costs = measureCiphers({ pool, native })
  const [fastest] = CIPHERS.toSorted((a, b) => costs[a] - costs[b])
  const { aead, reason } = chooseBackend({ pool, cipher: fastest! }, native)
  const figures = CIPHERS.map((each) => `${each} ${Math.round(costs[each])} ns`)
  return { aead, reason: `${reason}; measured per packet: ${figures.join(', ')}` }
}

/**
 * Measures what sealing a frame of 1400 bytes costs here with each cipher, ns, so that two machines can agree on the
 * one that suits both. Takes about 6 ms of a machine at rest, and up to 16 slots of `pool` while it runs.
 *
 * Throws RangeError when the pool has no free slot for 1400 bytes.
 */
export function measureCiphers(options: Omit<ChooseAeadOptions, 'cipher'>): Record<CipherName, number> {
  const { pool, native = loadNativeIo() } = options
  const cost = (cipher: CipherName): number => sealingCost(chooseBackend({ pool, cipher }, native).aead, pool)
  return { 'aes-256-gcm': cost('aes-256-gcm'), 'chacha20-poly1305': cost('chacha20-poly1305') }
}

function chooseBackend(options: AeadOptions, native: NativeIoResult): ChosenAead {
  const result =
    native.io === undefined ? { aead: undefined, reason: native.reason } : native.io.createAead(options)
  if (result.aead !== undefined) {
    return { aead: result.aead, reason: `OpenSSL ${process.versions.openssl} in batches` }
  }
  const aead = portableAead(options)
  const library = aead.backend === 'sodium' ? 'sodium-native' : 'node:crypto'
  return { aead, reason: `${library} packet by packet, because ${result.reason}` }
}

/** Best of several rounds, since everything that disturbs makes a round longer, ns per frame. */
function sealingCost(aead: BatchAead, pool: PacketPool): number {
  const batch = pool.createBatch(PACKETS)
  const key = aead.createKey(new Uint8Array(32))
  try {
    fill(batch, pool)
    if (batch.count === 0)
      throw new RangeError(`the pool has no free slot for ${PACKET_BYTES} bytes to measure with`)
    let leastMs = Number.POSITIVE_INFINITY
    const endMs = performance.now() + MEASURE_MS
    for (let startMs = 0, rounds = 0; startMs < endMs || rounds < MIN_ROUNDS; rounds++) {
      batch.length.fill(PACKET_BYTES)
      startMs = performance.now()
      key.seal(batch, { from: 0, to: batch.count, pathId: 0, firstCounter: 0 })
      leastMs = Math.min(leastMs, performance.now() - startMs)
    }
    return (leastMs * 1e6) / batch.count
  } finally {
    key.wipe()
    pool.releaseAll(batch)
  }
}

function fill(batch: PacketBatch, pool: PacketPool): void {
  while (batch.count < batch.capacity) {
    const slot = pool.acquire(PACKET_BYTES)
    if (slot < 0) return
    batch.push(slot, pool.offsetOf(slot), PACKET_BYTES)
  }
}
