import type { CipherName, PacketPool } from '@mp/interface'
import { chooseAead, measureCiphers } from '@mp/native-io'
import type { ChosenAead } from '@mp/native-io'
import { nodeCrypto } from '@mp/runtime-node'
import type { ClientSecurity, Security, ServerPeer, ServerSecurity } from '@mp/tunnel'
import type { Config, Peer } from '../config/index.ts'

/** The config's keys as the tunnel takes them, and in words what seals packets. */
export interface Keys<S> {
  readonly security: S
  /** For the log. */
  readonly about: string
  /** Why the sessions that use `cipher` use it, and what computes it here. */
  readonly reasonFor: (cipher: CipherName) => string
}

type Secured = Exclude<Config['security'], 'none'>

/** Undefined under `"security": "none"`. */
export function clientSecurity(config: Config, pool: PacketPool): Keys<ClientSecurity> | undefined {
  const { security } = config
  if (security === 'none') return undefined
  const { presharedKey, serverPublicKey } = security
  const { security: common, ...texts } = commonSecurity(security, pool)
  return {
    ...texts,
    security: {
      ...common,
      serverKey: serverPublicKey!,
      ...(presharedKey && { presharedKey: presharedKey.reveal() }),
    },
  }
}

/** Undefined under `"security": "none"`. */
export function serverSecurity(config: Config, pool: PacketPool): Keys<ServerSecurity> | undefined {
  const { security } = config
  if (security === 'none') return undefined
  const { handshakesPerSecond } = security
  const { security: common, ...texts } = commonSecurity(security, pool)
  return { ...texts, security: { ...common, ...(handshakesPerSecond && { handshakesPerSecond }) } }
}

/** The clients a server knows. */
export function serverPeers({ server }: Config): readonly ServerPeer[] {
  return (server?.peers ?? []).map(serverPeer)
}

export function serverPeer({ name, publicKey, presharedKey, allowedIPs }: Peer): ServerPeer {
  const peer = { name, publicKey, allowedIPs }
  return presharedKey === undefined ? peer : { ...peer, presharedKey: presharedKey.reveal() }
}

function commonSecurity({ privateKey, cipher }: Secured, pool: PacketPool): Keys<Security> {
  const crypto = nodeCrypto()
  const secret = privateKey.reveal()
  const costs = measureCiphers({ pool })
  const preferred = chooseAead({ pool, cipher })
  const made = new Map<CipherName, ChosenAead>()
  const choose = (name: CipherName): ChosenAead => {
    const chosen = made.get(name) ?? chooseAead({ pool, cipher: name })
    made.set(name, chosen)
    return chosen
  }
  const why = cipher === 'auto' ? `agreed with the peer, as here ${figures(costs)}` : 'the config says so'
  return {
    reasonFor: (name) => `${why}; ${choose(name).reason}`,
    about: `${preferred.aead.cipher} (${preferred.aead.backend}: ${preferred.reason})`,
    security: {
      crypto,
      staticKeys: { privateKey: secret, publicKey: crypto.publicKeyOf(secret) },
      costs: cipher === 'auto' ? wholeNanoseconds(costs) : only(cipher, costs),
      aeadOf: (name) => choose(name).aead,
      wallMs: () => Date.now(),
    },
  }
}

type Costs = Record<CipherName, number>

/** What a packet costs with each cipher, in words. */
function figures(costs: Costs): string {
  const [aes, chacha] = [Math.round(costs['aes-256-gcm']), Math.round(costs['chacha20-poly1305'])]
  return `aes-256-gcm takes ${aes} ns a packet and chacha20-poly1305 ${chacha}`
}

function wholeNanoseconds(costs: Costs): Costs {
  return {
    'aes-256-gcm': asCarried(costs['aes-256-gcm']),
    'chacha20-poly1305': asCarried(costs['chacha20-poly1305']),
  }
}

function only(cipher: CipherName, costs: Costs): Costs {
  return { 'aes-256-gcm': 0, 'chacha20-poly1305': 0, [cipher]: asCarried(costs[cipher]) }
}

/** A cost as handshakes carry it: 1…65535 ns; 0 would mean that the cipher cannot be used. */
function asCarried(ns: number): number {
  return Math.min(65_535, Math.max(1, Math.round(ns)))
}
