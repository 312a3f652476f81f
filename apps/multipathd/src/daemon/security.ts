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
  return (server?.peers ?? []).map(({ name, publicKey, presharedKey, allowedIPs }) => ({
    name,
    publicKey,
    allowedIPs,
    ...(presharedKey && { presharedKey: presharedKey.reveal() }),
  }))
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

/** As handshakes carry them: 1…65535; 0 would mean that a cipher cannot be used. */
function wholeNanoseconds(costs: Record<CipherName, number>): Record<CipherName, number> {
  const whole = (ns: number): number => Math.min(65_535, Math.max(1, Math.round(ns)))
  return {
    'aes-256-gcm': whole(costs['aes-256-gcm']),
    'chacha20-poly1305': whole(costs['chacha20-poly1305']),
  }
}

function only(cipher: CipherName, costs: Record<CipherName, number>): Record<CipherName, number> {
  return { 'aes-256-gcm': 0, 'chacha20-poly1305': 0, [cipher]: wholeNanoseconds(costs)[cipher] }
}
