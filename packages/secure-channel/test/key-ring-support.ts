import type { AeadKey, BatchAead, CipherName } from '@mp/interface'
import { KeyRing } from '@mp/secure-channel'
import type { KeyRingEvent, KeyRingOptions, SessionKeys } from '@mp/secure-channel'
import { hexText } from './support.ts'

/** A key that only knows which one it is. */
class MarkedKey implements AeadKey {
  readonly mark: string
  wiped = false

  constructor(key: Uint8Array) {
    this.mark = hexText(key)
  }

  seal(): void {}

  open(): number {
    return 0
  }

  wipe(): void {
    this.wiped = true
  }
}

/** Every key made, in order. */
export class Made {
  readonly keys: MarkedKey[] = []
  readonly aeadOf = (cipher: CipherName): BatchAead => ({
    cipher,
    backend: 'test',
    createKey: (key) => {
      const made = new MarkedKey(key)
      this.keys.push(made)
      return made
    },
  })
}

export const markOf = (key: AeadKey | undefined): string | undefined => (key as MarkedKey | undefined)?.mark
export const markOfByte = (byte: number): string => hexText(new Uint8Array(32).fill(byte))

/** Keys of an epoch: the initiator seals with `byte`, the responder with `byte + 100`. */
export function keysOf(
  side: 'initiator' | 'responder',
  epoch: number,
  { byte = epoch + 1, cipher = 'aes-256-gcm' }: { byte?: number; cipher?: CipherName } = {},
): SessionKeys {
  const first = new Uint8Array(32).fill(byte)
  const second = new Uint8Array(32).fill(byte + 100)
  const [send, receive] = side === 'initiator' ? [first, second] : [second, first]
  const named = { cipher, epoch, fresh: epoch === 0, localIndex: 1, remoteIndex: 2 }
  return { ...named, send, receive, handshakeHash: new Uint8Array(32) }
}

export function ringOf(
  role: KeyRingOptions['role'],
  options: Partial<KeyRingOptions> = {},
): { ring: KeyRing; made: Made; events: () => KeyRingEvent[] } {
  const made = new Made()
  const ring = new KeyRing({ role, aeadOf: made.aeadOf, ...options })
  const events = (): KeyRingEvent[] => {
    const all: KeyRingEvent[] = []
    for (let event = ring.pollEvent(); event; event = ring.pollEvent()) all.push(event)
    return all
  }
  return { ring, made, events }
}
