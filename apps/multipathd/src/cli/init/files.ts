import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeCrypto } from '@mp/runtime-node'
import { encodeKey } from '@mp/secure-channel'
import { parseConfig } from '../../config/index.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'
import { faultText } from '../load.ts'
import { writeSecretFiles } from '../secret-files.ts'
import type { SecretFiles } from '../secret-files.ts'
import type { Settings } from './settings.ts'

/** A pair of configs with fresh keys. @throws ExitError when the settings make no right config. */
export function createFiles(settings: Settings): SecretFiles {
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
export function writeFiles(folder: string, files: SecretFiles, force: boolean): void {
  const taken = Object.keys(files).filter((name) => existsSync(join(folder, name)))
  if (taken.length > 0 && !force) {
    const list = taken.join(', ')
    throw new ExitError(EXIT.exists, `"${folder}" holds ${list} already: name another folder, or --force`)
  }
  writeSecretFiles(folder, files)
}
