import type { BatchAead, CipherName, PacketPool } from '@mp/interface'
import { chooseAead, measureCiphers } from '@mp/native-io'
import { nodeCrypto } from '@mp/runtime-node'
import type { ClientSecurity, Security, ServerPeer, ServerSecurity } from '@mp/tunnel'
import type { Config } from '../config/index.ts'

/** The config's keys as the tunnel takes them, and in words what seals packets. */
export interface Keys<S> {
  readonly security: S
  /** For the log. */
  readonly about: string
}

type Secured = Exclude<Config['security'], 'none'>

/** Undefined under `"security": "none"`. */
export function clientSecurity(config: Config, pool: PacketPool): Keys<ClientSecurity> | undefined {
  const { security } = config
  if (security === 'none') return undefined
  const { presharedKey, serverPublicKey } = security
  const { security: common, about } = commonSecurity(security, pool)
  return {
    about,
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
  const { security: common, about } = commonSecurity(security, pool)
  return { about, security: { ...common, ...(handshakesPerSecond && { handshakesPerSecond }) } }
}

/** The clients a server knows. */
export function serverPeers({ server }: Config): readonly ServerPeer[] {
  return (server?.peers ?? []).map(({ name, publicKey, presharedKey, allowedIPs }) => {
    const peer = { name, publicKey, allowedIPs }
    return presharedKey === undefined ? peer : Object.assign(peer, { presharedKey: presharedKey.reveal() })
  })
}

function commonSecurity({ privateKey, cipher }: Secured, pool: PacketPool): Keys<Security> {
  const crypto = nodeCrypto()
  const secret = privateKey.reveal()
  const costs = measureCiphers({ pool })
  const preferred = chooseAead({ pool, cipher })
  const made = new Map<CipherName, BatchAead>([[preferred.aead.cipher, preferred.aead]])
  const aeadOf = (name: CipherName): BatchAead => {
    const aead = made.get(name) ?? chooseAead({ pool, cipher: name }).aead
    made.set(name, aead)
    return aead
  }
  return {
    about: `${preferred.aead.cipher} (${preferred.aead.backend}: ${preferred.reason})`,
    security: {
      crypto,
      staticKeys: { privateKey: secret, publicKey: crypto.publicKeyOf(secret) },
      costs: cipher === 'auto' ? wholeNanoseconds(costs) : only(cipher, costs),
      aeadOf,
      wallMs: () => Date.now(),
    },
  }
}

type Costs = Record<CipherName, number>

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
