import { parseEndpoint } from '@mp/runtime-node'
import type { ClientPath, PathStats, TunnelClient } from '@mp/tunnel'
import type { RemotePath } from '../config/index.ts'
import type { PathControl } from '../network/index.ts'
import { settingsOfPath } from './path-settings.ts'

/** The paths of `client` for who looks after their lines; `toPath` makes a path of one in the config. */
export function pathControl(client: TunnelClient, toPath: (path: RemotePath) => ClientPath): PathControl {
  const find = (name: string): PathStats | undefined =>
    client.stats().sessions[0]?.paths.find((path) => path.name === name)
  return {
    addPath: (path) => client.addPath(toPath(path)),
    replacePath: (path) => client.replacePath(toPath(path)),
    setPath: (path) => void client.setPath(path.name, settingsOfPath(path)),
    closePath: (name) => client.closePath(name),
    retirePath: (name) => client.retirePath(name),
    suspendPath: (name, reason) => client.suspendPath(name, reason),
    resumePath: (name) => client.resumePath(name),
    redialPath: (name) => client.redialPath(name),
    localIpOf: (name) => hostOf(find(name)?.localAddress),
    remoteIpOf: (name) => hostOf(find(name)?.remoteAddress),
  }
}

function hostOf(address: string | undefined): string | undefined {
  const endpoint = address === undefined ? undefined : parseEndpoint(address)
  return endpoint === undefined || 'error' in endpoint ? undefined : endpoint.host
}
