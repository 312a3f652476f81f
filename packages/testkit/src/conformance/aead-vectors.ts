import type { CipherName } from '@mp/interface'
import { joined } from './packets.ts'

/** A frame and what must become of it. */
export interface KnownFrame {
  readonly cipher: CipherName
  readonly key: Uint8Array
  readonly pathId: number
  readonly counter: number
  readonly frame: Uint8Array
  readonly sealed: Uint8Array
}

const SUNSCREEN =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."

/**
 * Published ciphertexts whose nonce can be written as a path and a counter below 2^53. Their tags are over other
 * associated data than the 8 bytes of a frame; those here were computed by two libraries that share no code, and so
 * was the last pair, which pins the order of bytes in the nonce.
 */
export const KNOWN_FRAMES: readonly KnownFrame[] = [
  {
    // RFC 8439 §2.4.2. Its nonce is 000000000000004a00000000.
    cipher: 'chacha20-poly1305',
    key: upwards(32),
    pathId: 0,
    counter: 0x4a_0000_0000,
    frame: joined(upwards(8), ascii(SUNSCREEN)),
    sealed: joined(
      upwards(8),
      hex(
        '6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624' +
          'e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6' +
          'b40b8eedf2785e42874d',
      ),
      hex('f7546cf69574e7855a3503975b3a9255'),
    ),
  },
  {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14.
    cipher: 'aes-256-gcm',
    key: new Uint8Array(32),
    pathId: 0,
    counter: 0,
    frame: new Uint8Array(24),
    sealed: joined(
      new Uint8Array(8),
      hex('cea7403d4d606b6e074ec5d3baf39d18'),
      hex('0ef4a74cb88139b96cbba4e4f4ce7dcf'),
    ),
  },
  {
    cipher: 'chacha20-poly1305',
    key: upwards(32),
    pathId: 0x01020304,
    counter: 0x1f2e3d4c5b6a79,
    frame: joined(upwards(8), ascii('multipath')),
    sealed: joined(upwards(8), hex('496f0e6296aea752e5'), hex('e71cae2781ad78660aee26d4c8209558')),
  },
  {
    cipher: 'aes-256-gcm',
    key: upwards(32),
    pathId: 0x01020304,
    counter: 0x1f2e3d4c5b6a79,
    frame: joined(upwards(8), ascii('multipath')),
    sealed: joined(upwards(8), hex('cb21c41b041b94991b'), hex('9b28ae1438deec25924d876180f647d2')),
  },
]

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** 0, 1, 2, … */
function upwards(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i)
}
