import { encodeKey } from '@mp/secure-channel'
import { AddressBook } from './address-book.ts'
import type { TunnelClientOptions } from './client.ts'
import type { Refuse, TunnelCore } from './core.ts'
import type { Greet, Greeter } from './greeter.ts'
import { NoiseGreeter } from './noise-greeter.ts'
import { PlainGreeter } from './plain-greeter.ts'
import type { ClientSecurity } from './security.ts'

/** What a greeter needs of its client. */
export interface GreeterParts {
  readonly core: TunnelCore
  readonly localIndex: number
  readonly greet: Greet
}

/** Greets with keys where there are any. */
export function greeterFor(
  security: ClientSecurity | undefined,
  { core, localIndex, greet }: GreeterParts,
): Greeter {
  if (security !== undefined) {
    return new NoiseGreeter({ ...security, responderKey: security.serverKey, localIndex, greet })
  }
  const instance = { high: core.randomWord(), low: core.randomWord() }
  return new PlainGreeter({ localIndex, instance, greet, random: () => core.randomWord() / 2 ** 32 })
}

/** Enough of a key to tell servers apart by eye. */
const KEY_LETTERS = 8

/** What the server is called in events and the status. */
export function serverName(security: ClientSecurity | undefined): string {
  return security === undefined ? 'server' : `server ${encodeKey(security.serverKey).slice(0, KEY_LETTERS)}…`
}

/** Only packets from the networks behind the server may come out of the tunnel. */
export function refuseForeign({
  pool,
  allowedIPs,
}: Pick<TunnelClientOptions, 'pool' | 'allowedIPs'>): Refuse | undefined {
  if (allowedIPs === undefined) return undefined
  const addresses = new AddressBook(pool.arena)
  addresses.add(allowedIPs, 0)
  return (offset, lengthBytes) =>
    addresses.sourceOf(offset, lengthBytes) === 0 ? undefined : 'foreign-source'
}
