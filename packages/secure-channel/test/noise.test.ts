import { existsSync, readFileSync } from 'node:fs'
import type { CipherName } from '@mp/interface'
import { CipherState, HandshakeState } from '@mp/secure-channel'
import type { HandshakeStateOptions } from '@mp/secure-channel'
import { describe, expect, test } from 'vitest'
import { ascii, bytesOf, hexText, keyPairOf, systemCrypto } from './support.ts'

interface Vector {
  readonly protocol_name: string
  readonly init_prologue: string
  readonly init_psks?: readonly string[]
  readonly init_static: string
  readonly init_ephemeral: string
  readonly init_remote_static: string
  readonly resp_prologue: string
  readonly resp_psks?: readonly string[]
  readonly resp_static: string
  readonly resp_ephemeral: string
  readonly handshake_hash: string
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
}

const CIPHERS: Readonly<Record<string, CipherName>> = {
  ChaChaPoly: 'chacha20-poly1305',
  AESGCM: 'aes-256-gcm',
}
const NAME = /^Noise_(IK|IKpsk2)_25519_(ChaChaPoly|AESGCM)_BLAKE2s$/
const file = new URL('../../../../shared/vectors/noise/ik-25519.json', import.meta.url)
const vectors = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] }).vectors.filter((vector) =>
      NAME.test(vector.protocol_name),
    )
  : []

/** Both sides of a vector; their one ephemeral key is the one it fixes. */
function sidesOf(vector: Vector): readonly [HandshakeState, HandshakeState] {
  const [, pattern = 'IK', cipher = ''] = NAME.exec(vector.protocol_name) ?? []
  const side = (prologue: string, secret: string, ephemeral: string, psk?: string) => {
    const options: HandshakeStateOptions = {
      crypto: { ...systemCrypto, generateKeyPair: () => keyPairOf(bytesOf(ephemeral)) },
      cipher: CIPHERS[cipher] ?? 'chacha20-poly1305',
      pattern: pattern as 'IK' | 'IKpsk2',
      prologue: bytesOf(prologue),
      staticKeys: keyPairOf(bytesOf(secret)),
    }
    return { options, psk: psk === undefined ? undefined : bytesOf(psk) }
  }
  const left = side(vector.init_prologue, vector.init_static, vector.init_ephemeral, vector.init_psks?.[0])
  const right = side(vector.resp_prologue, vector.resp_static, vector.resp_ephemeral, vector.resp_psks?.[0])
  const initiator = new HandshakeState({
    ...left.options,
    responderKey: bytesOf(vector.init_remote_static),
  })
  const responder = new HandshakeState(right.options)
  if (left.psk) initiator.setPresharedKey(left.psk)
  if (right.psk) responder.setPresharedKey(right.psk)
  return [initiator, responder]
}

describe.skipIf(vectors.length === 0)('Noise vectors [needs shared/vectors/noise]', () => {
  test('there is one for each pattern and cipher we speak', () => {
    expect(vectors.map(({ protocol_name }) => protocol_name).toSorted()).toEqual([
      'Noise_IK_25519_AESGCM_BLAKE2s',
      'Noise_IK_25519_ChaChaPoly_BLAKE2s',
      'Noise_IKpsk2_25519_AESGCM_BLAKE2s',
      'Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s',
    ])
  })

  test.each(vectors)('$protocol_name: every message, the hash and the keys', (vector) => {
    const sides = sidesOf(vector)
    for (const [i, { payload, ciphertext }] of vector.messages.slice(0, 2).entries()) {
      const writer = sides[i === 0 ? 0 : 1]
      const reader = sides[i === 0 ? 1 : 0]
      const message = writer.writeMessage(bytesOf(payload))
      expect(hexText(message)).toBe(ciphertext)
      expect(reader.readMessage(message)).toEqual(bytesOf(payload))
    }
    expect(sides.map(({ hash }) => hexText(hash))).toEqual([vector.handshake_hash, vector.handshake_hash])

    const [, , cipher = ''] = NAME.exec(vector.protocol_name) ?? []
    const keys = sides.map((side) => side.split())
    expect(keys[0]?.send).toEqual(keys[1]?.receive)
    const states = keys.map(
      ({ send }) =>
        new CipherState({ crypto: systemCrypto, cipher: CIPHERS[cipher] ?? 'aes-256-gcm', key: send }),
    )
    const transport = vector.messages.slice(2)
    expect(transport).toHaveLength(4)
    for (const [i, { payload, ciphertext }] of transport.entries()) {
      const sealed = states[i % 2]?.seal(new Uint8Array(0), bytesOf(payload))
      expect(sealed && hexText(sealed)).toBe(ciphertext)
    }
  })
})

describe('a Noise handshake', () => {
  const responderKeys = systemCrypto.generateKeyPair()
  const base = { crypto: systemCrypto, cipher: 'chacha20-poly1305', pattern: 'IKpsk2' } as const
  const sides = (): readonly [HandshakeState, HandshakeState] => [
    new HandshakeState({
      ...base,
      prologue: ascii('p'),
      staticKeys: systemCrypto.generateKeyPair(),
      responderKey: responderKeys.publicKey,
    }),
    new HandshakeState({ ...base, prologue: ascii('p'), staticKeys: responderKeys }),
  ]

  test('goes on after a message that was not authentic as if it had not come', () => {
    const [initiator, responder] = sides()
    const first = initiator.writeMessage(ascii('one'))
    for (let at = 0; at < first.length; at += 7) {
      const bad = Uint8Array.from(first)
      bad[at] = (bad[at] ?? 0) ^ 1
      expect(responder.readMessage(bad)).toBeUndefined()
    }
    expect(responder.readMessage(first)).toEqual(ascii('one'))
    const second = responder.writeMessage(ascii('two'))
    expect(initiator.readMessage(first)).toBeUndefined()
    expect(initiator.readMessage(second)).toEqual(ascii('two'))
    expect(initiator.hash).toEqual(responder.hash)
    expect(initiator.split().send).toEqual(responder.split().receive)
  })

  test('fails for every message that was cut short', () => {
    const [initiator, responder] = sides()
    const first = initiator.writeMessage(ascii('one'))
    for (let length = 0; length < first.length; length++) {
      expect(responder.readMessage(first.subarray(0, length))).toBeUndefined()
    }
  })

  test('refuses ephemeral keys of low order', () => {
    const [initiator, responder] = sides()
    const first = initiator.writeMessage(ascii('one'))
    first.fill(0, 0, 32)
    expect(responder.readMessage(first)).toBeUndefined()
  })

  test('has a way to say that nobody can own the public key it was given', () => {
    const initiator = new HandshakeState({
      ...base,
      prologue: ascii(''),
      staticKeys: systemCrypto.generateKeyPair(),
      responderKey: new Uint8Array(32),
    })
    expect(() => initiator.writeMessage(ascii(''))).toThrow(RangeError)
  })

  test('overwrites its ephemeral key when wiped', () => {
    const made = systemCrypto.generateKeyPair()
    const initiator = new HandshakeState({
      ...base,
      crypto: { ...systemCrypto, generateKeyPair: () => made },
      prologue: ascii(''),
      staticKeys: systemCrypto.generateKeyPair(),
      responderKey: responderKeys.publicKey,
    })
    initiator.writeMessage(ascii(''))
    initiator.wipe()
    expect(made.privateKey).toEqual(new Uint8Array(32))
  })
})
