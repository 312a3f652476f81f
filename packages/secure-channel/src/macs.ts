import type { Crypto } from '@mp/interface'
import { ascii } from './bytes.ts'
import { MAC_BYTES } from './layout.ts'

/**
 * The two MACs at the end of a hello and a welcome, over everything in front of each. The first shows that the sender
 * knows the receiver's public key, at the cost of one HMAC; the second that it got a cookie, so that its address is
 * real. Both as in WireGuard (Donenfeld, NDSS 2017, §5.3), with HMAC in the place of keyed BLAKE2s.
 */
export class FrameMacs {
  readonly #crypto: Crypto
  readonly #key: Uint8Array

  constructor(crypto: Crypto, receiverKey: Uint8Array) {
    this.#crypto = crypto
    this.#key = crypto.hash(ascii('multipathd mac1'), receiverKey)
  }

  /** Writes both MACs to the end of `frame`; without a cookie the second is zero. */
  write(frame: Uint8Array, cookie: Uint8Array | undefined): void {
    mac1Of(frame).set(this.#mac(this.#key, frame, 2 * MAC_BYTES))
    if (cookie === undefined) mac2Of(frame).fill(0)
    else mac2Of(frame).set(this.#mac(cookie, frame, MAC_BYTES))
  }

  fitsMac1(frame: Uint8Array): boolean {
    return this.#crypto.equal(this.#mac(this.#key, frame, 2 * MAC_BYTES), mac1Of(frame))
  }

  fitsMac2(frame: Uint8Array, cookie: Uint8Array): boolean {
    return this.#crypto.equal(this.#mac(cookie, frame, MAC_BYTES), mac2Of(frame))
  }

  #mac(key: Uint8Array, frame: Uint8Array, withoutLastBytes: number): Uint8Array {
    const covered = frame.subarray(0, frame.length - withoutLastBytes)
    return this.#crypto.hmac(key, covered).subarray(0, MAC_BYTES)
  }
}

/** The first MAC of a hello or welcome: the same bytes, not a copy. */
export function mac1Of(frame: Uint8Array): Uint8Array {
  return frame.subarray(frame.length - 2 * MAC_BYTES, frame.length - MAC_BYTES)
}

/** The second MAC of a hello or welcome: the same bytes, not a copy. */
export function mac2Of(frame: Uint8Array): Uint8Array {
  return frame.subarray(frame.length - MAC_BYTES)
}
