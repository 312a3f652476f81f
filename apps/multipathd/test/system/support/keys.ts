import { nodeCrypto } from '@mp/runtime-node'
import { encodeKey } from '@mp/secure-channel'

/** The keys of one side, as configs want them. */
export interface SideKeys {
  readonly privateKey: string
  readonly publicKey: string
}

/** The keys of a server and of its one client. */
export interface PairKeys {
  readonly client: SideKeys
  readonly server: SideKeys
}

export function newKeys(): SideKeys {
  const { privateKey, publicKey } = nodeCrypto().generateKeyPair()
  return { privateKey: encodeKey(privateKey), publicKey: encodeKey(publicKey) }
}

/** What a client says of security. */
export function clientSecurity({ client, server }: PairKeys) {
  return { privateKey: client.privateKey, serverPublicKey: server.publicKey }
}
