// Keys of the server and of any number of clients, by number, so that two processes need not tell each other.
import { nodeCrypto } from '@mp/runtime-node'

const crypto = nodeCrypto()

/** @param number of a client, from 1; 0 is the server. */
export function keysOf(number) {
  const privateKey = new Uint8Array(32)
  new DataView(privateKey.buffer).setUint32(4, number)
  return { privateKey, publicKey: crypto.publicKeyOf(privateKey) }
}

/** The address of a client inside the tunnel. */
export function insideOf(number) {
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
}
