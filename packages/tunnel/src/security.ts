import type { BatchAead, CipherName, Crypto, KeyPair } from '@mp/interface'
import type { CipherCosts } from '@mp/secure-channel'

/** What an end of a tunnel needs to speak Noise. Without it nothing is encrypted. */
export interface Security {
  readonly crypto: Crypto
  readonly staticKeys: KeyPair
  /** What sealing a packet costs here with each cipher, so that the ends agree on one that suits both. */
  readonly costs: CipherCosts
  /** The batch cipher over the tunnel's pool. */
  readonly aeadOf: (cipher: CipherName) => BatchAead
  /** The calendar: ms since 1970. */
  readonly wallMs: () => number
}

/** What a client needs besides. */
export interface ClientSecurity extends Security {
  /** The server's public key, 32 bytes. */
  readonly serverKey: Uint8Array
  /** 32 bytes that both sides share besides. */
  readonly presharedKey?: Uint8Array
}
