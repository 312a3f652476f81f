import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeCrypto } from '@mp/runtime-node'
import { encodeKey } from '@mp/secure-channel'
import { parseConfig } from '../../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'
import { faultText } from '../load.ts'
import type { Settings } from './settings.ts'

/** Texts by the names of their files. */
type Files = Readonly<Record<string, string>>

/** A pair of configs with fresh keys. @throws ExitError when the settings make no right config. */
export function createFiles(settings: Settings): Files {
  const crypto = nodeCrypto()
  const server = crypto.generateKeyPair()
  const client = crypto.generateKeyPair()
  return {
    'server.json': checked('server.json', serverConfig(settings, encodeKey(client.publicKey))),
    'client.json': checked('client.json', clientConfig(settings, encodeKey(server.publicKey))),
    'server.key': `${encodeKey(server.privateKey)}\n`,
    'client.key': `${encodeKey(client.privateKey)}\n`,
  }
}

function serverConfig({ listen, serverIp, clientIp }: Settings, publicKey: string): object {
  const host = `${clientIp}/${clientIp.includes(':') ? 128 : 32}`
  return {
    isServer: true,
    security: { privateKeyFile: 'server.key' },
    server: { listen, peers: [{ name: 'client', publicKey, allowedIPs: [host] }] },
    tun: { localAddr: serverIp, remoteAddr: clientIp },
  }
}

function clientConfig({ endpoint, serverIp, clientIp, paths }: Settings, serverPublicKey: string): object {
  return {
    isServer: false,
    security: { privateKeyFile: 'client.key', serverPublicKey },
    client: { remotePaths: paths.map(({ name, ...way }) => ({ name, remoteAddr: endpoint, ...way })) },
    tun: { localAddr: clientIp, remoteAddr: serverIp },
  }
}

/** What a person wrote on the command line is looked at where it stands in the config, by its own rules. */
function checked(name: string, config: object): string {
  const text = `${JSON.stringify(config, undefined, 2)}\n`
  const result = parseConfig(text)
  if ('config' in result) return text
  throw new ExitError(EXIT.usage, faultText(`the ${name} that this would make`, result.faults))
}

/** Writes files for nobody but the owner to read. @throws ExitError when one is there and `force` is not given. */
export function writeFiles(folder: string, files: Files, force: boolean): void {
  const names = Object.keys(files)
  const taken = names.filter((name) => existsSync(join(folder, name)))
  if (taken.length > 0 && !force) {
    const list = taken.join(', ')
    throw new ExitError(EXIT.exists, `"${folder}" holds ${list} already: name another folder, or --force`)
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of names) {
    const file = join(folder, name)
    // An old file would keep its mode, and a link lead elsewhere.
    rmSync(file, { force: true })
    writeFileSync(file, files[name]!, { mode: 0o600, flag: 'wx' })
  }
}
