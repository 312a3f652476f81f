import { resolve } from 'node:path'
import { nodeCrypto } from '@mp/runtime-node'
import { Secret } from '@mp/secure-channel'
import type { Fault } from './fault.ts'
import { readKeyFile } from './key-file.ts'
import type { KnownKeys } from './key-file.ts'
import type { Config, KeySource } from './schema/index.ts'

type Loaded = { readonly config: Config } | { readonly faults: readonly Fault[] }

/** Keys by what stands for them in a config. */
type Keys = ReadonlyMap<KeySource, Secret>

/**
 * Reads the key files that a config names, and looks whether the keys are the right ones. Either all keys are there,
 * or every fault is named at once.
 * @param folder of the config file: names of key files are relative to it.
 * @param known as of {@link readKeyFile}.
 */
export function loadKeys(
  config: Config<KeySource>,
  folder: string,
  known: KnownKeys = new Map<string, Secret>(),
): Loaded {
  const keys = new Map<KeySource, Secret>()
  const faults: Fault[] = []
  for (const [path, source] of sourcesOf(config)) {
    const result = source instanceof Secret ? source : readKeyFile(resolve(folder, source.file), known)
    if (typeof result === 'string')
      faults.push({ path: isNamedApart(source) ? `${path}File` : path, message: result })
    else keys.set(source, result)
  }
  faults.push(...faultsOfOwnKey(config, keys))
  return faults.length > 0 ? { faults } : { config: withKeys(config, keys) }
}

/** A fault of a key file is one of the key of the config that names it. */
function isNamedApart(source: KeySource): boolean {
  return !(source instanceof Secret) && !source.isInline
}

/** All secret keys of a config, with the path of their inline form. */
function* sourcesOf({ security, server }: Config<KeySource>): Generator<readonly [string, KeySource]> {
  if (security === 'none') return
  yield ['security.privateKey', security.privateKey]
  if (security.presharedKey !== undefined) yield ['security.presharedKey', security.presharedKey]
  for (const [index, { presharedKey }] of (server?.peers ?? []).entries()) {
    if (presharedKey !== undefined) yield [`server.peers[${index}].presharedKey`, presharedKey]
  }
}

/** A side that takes its own key for the other's will never hear from it. */
function faultsOfOwnKey({ security, server }: Config<KeySource>, keys: Keys): Fault[] {
  const privateKey = security === 'none' ? undefined : keys.get(security.privateKey)
  if (security === 'none' || privateKey === undefined) return []
  const own = Buffer.from(nodeCrypto().publicKeyOf(privateKey.reveal()))
  const others = [
    { path: 'security.serverPublicKey', key: security.serverPublicKey },
    ...(server?.peers ?? []).map(({ publicKey }, index) => ({
      path: `server.peers[${index}].publicKey`,
      key: publicKey,
    })),
  ]
  const message = "is the key of this side itself: write the other side's"
  return others.flatMap(({ path, key }) => (key !== undefined && own.equals(key) ? [{ path, message }] : []))
}

function withKeys(config: Config<KeySource>, keys: Keys): Config {
  const { security, server } = config
  const keyOf = (source: KeySource | undefined): Secret | undefined => source && keys.get(source)
  const peers = (server?.peers ?? []).map(({ presharedKey, ...peer }) =>
    Object.assign(peer, { presharedKey: keyOf(presharedKey) }),
  )
  return {
    ...config,
    security:
      security === 'none'
        ? security
        : {
            ...security,
            privateKey: keyOf(security.privateKey)!,
            presharedKey: keyOf(security.presharedKey),
          },
    server: server && { ...server, peers },
  }
}
