import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { AeadBox, CipherName, Crypto, KeyPair } from '@mp/interface'

const KEY_BYTES = 32
const TAG_BYTES = 16
const HASH = 'blake2s256'
/** What stands in front of the 32 bytes of an X25519 private key in DER (RFC 8410 §7). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
/** OpenSSL refuses a shared secret of zeros (RFC 7748 §6.1) with this code. */
const DERIVATION_FAILED = 'ERR_OSSL_FAILED_DURING_DERIVATION'

/**
 * The primitives of a secure channel from node:crypto, that is from OpenSSL.
 *
 * Keys of X25519 are remembered by the identity of their arrays, because to import one costs more than to use it: do
 * not write another key into an array that was used as one. To overwrite a key with zeros when done is fine.
 *
 * All results are plain `Uint8Array`s on memory of their own, so that `slice` copies and `fill` wipes nothing else.
 */
export function nodeCrypto(): Crypto {
  const privateKeys = new WeakMap<Uint8Array, KeyObject>()
  const publicKeys = new WeakMap<Uint8Array, KeyObject>()
  return {
    generateKeyPair: () => generate(privateKeys),
    publicKeyOf: (privateKey) =>
      exportPublic(createPublicKey(cached(privateKeys, privateKey, importPrivate))),
    agree: (privateKey, publicKey) =>
      agree(cached(privateKeys, privateKey, importPrivate), cached(publicKeys, publicKey, importPublic)),
    hash: (...parts) => digest(createHash(HASH), parts),
    hmac: (key, ...parts) => digest(createHmac(HASH, key), parts),
    seal,
    open,
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
    randomBytes: (lengthBytes) => plain(randomBytes(lengthBytes)),
  }
}

function generate(privateKeys: WeakMap<Uint8Array, KeyObject>): KeyPair {
  const pair = generateKeyPairSync('x25519')
  const privateKey = exportPrivate(pair.privateKey)
  privateKeys.set(privateKey, pair.privateKey)
  return { publicKey: exportPublic(pair.publicKey), privateKey }
}

function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array | undefined {
  try {
    return plain(diffieHellman({ privateKey, publicKey }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === DERIVATION_FAILED) return undefined
    throw error
  }
}

function seal(cipher: CipherName, box: AeadBox): Uint8Array {
  const options = { authTagLength: TAG_BYTES }
  // The types want a literal name; both ciphers share the calls of the ChaCha20-Poly1305 overload.
  const sealing = createCipheriv(cipher as 'chacha20-poly1305', box.key, box.nonce, options)
  sealing.setAAD(box.associatedData, { plaintextLength: box.data.length })
  const out = new Uint8Array(box.data.length + TAG_BYTES)
  out.set(sealing.update(box.data))
  sealing.final()
  out.set(sealing.getAuthTag(), box.data.length)
  return out
}

function open(cipher: CipherName, box: AeadBox): Uint8Array | undefined {
  const length = box.data.length - TAG_BYTES
  if (length < 0) return undefined
  const options = { authTagLength: TAG_BYTES }
  const opening = createDecipheriv(cipher as 'chacha20-poly1305', box.key, box.nonce, options)
  opening.setAAD(box.associatedData, { plaintextLength: length })
  opening.setAuthTag(box.data.subarray(length))
  const plaintext = opening.update(box.data.subarray(0, length))
  try {
    opening.final()
  } catch {
    // The one thing `final` can fail of: the tag does not fit.
    plaintext.fill(0)
    return undefined
  }
  return plain(plaintext)
}

/** The key object of raw key bytes, made once per array. */
function cached(
  keys: WeakMap<Uint8Array, KeyObject>,
  raw: Uint8Array,
  make: (raw: Uint8Array) => KeyObject,
): KeyObject {
  let key = keys.get(raw)
  if (key === undefined) {
    if (raw.length !== KEY_BYTES) throw new RangeError(`an X25519 key has 32 bytes, not ${raw.length}`)
    key = make(raw)
    keys.set(raw, key)
  }
  return key
}

/** As a JWK (RFC 8037), which takes a tenth of the time of DER. Private keys are DER: text could not be wiped. */
function importPublic(raw: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', x: Buffer.from(raw).toString('base64url') }
  return createPublicKey({ key, format: 'jwk' })
}

function exportPublic(key: KeyObject): Uint8Array {
  return Uint8Array.from(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'))
}

function importPrivate(raw: Uint8Array): KeyObject {
  const der = Buffer.concat([PRIVATE_PREFIX, raw])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

function exportPrivate(key: KeyObject): Uint8Array {
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const raw = Uint8Array.from(der.subarray(-KEY_BYTES))
  der.fill(0)
  return raw
}

function digest(
  hash: { update(part: Uint8Array): unknown; digest(): Buffer },
  parts: readonly Uint8Array[],
): Uint8Array {
  for (const part of parts) hash.update(part)
  return plain(hash.digest())
}

/** The same bytes without the ways of Buffer, whose `slice` does not copy. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
