import type { ClientPath, TunnelClient, TunnelServer } from '@mp/tunnel'
import type { RemotePath } from '../config/index.ts'
import { hasPattern } from '../network/index.ts'
import type { ConfigDiff } from './config-diff.ts'
import { settingsOfPath } from './path-settings.ts'
import { serverPeer } from './security.ts'

const isSole = (path: RemotePath): boolean => !hasPattern(path)

/** Has `client` make a step to another config. Paths of a pattern of interfaces are made by who knows the interfaces. */
export function changeClient(
  client: TunnelClient,
  { paths, modes }: ConfigDiff,
  toPath: (path: RemotePath) => ClientPath,
): void {
  for (const path of paths.changed.filter(isSole)) client.setPath(path.name, settingsOfPath(path))
  for (const path of paths.replaced) {
    if (isSole(path)) client.replacePath(toPath(path))
    else client.retirePath(path.name)
  }
  for (const path of paths.added.filter(isSole)) client.addPath(toPath(path))
  for (const path of paths.removed.filter(isSole)) client.retirePath(path.name)
  if (modes !== undefined) client.setModes(modes)
}

/** Has `server` make a step to another config. */
export function changeServer(server: TunnelServer, { peers, modes }: ConfigDiff): void {
  for (const { name } of peers.removed) server.removePeer(name)
  for (const peer of peers.added) server.addPeer(serverPeer(peer))
  if (modes !== undefined) server.setModes(modes)
}
