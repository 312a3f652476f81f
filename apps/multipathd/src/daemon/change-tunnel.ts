import type { ClientPath, TunnelClient, TunnelServer } from '@mp/tunnel'
import type { RemotePath } from '../config/index.ts'
import { hasPattern } from '../network/index.ts'
import type { ConfigDiff } from './config-diff.ts'
import { settingsOfPath } from './path-settings.ts'
import { serverPeer } from './security.ts'

const isSole = (path: RemotePath): boolean => !hasPattern(path)

/** Has `client` follow another config. Paths of a pattern of interfaces are made by who knows the interfaces. */
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
  // Those that come first: what goes over one that leaves has another to take.
  for (const path of paths.added.filter(isSole)) client.addPath(toPath(path))
  for (const path of paths.removed.filter(isSole)) client.retirePath(path.name)
  if (modes !== undefined) client.setModes(modes)
}

/** Has `server` follow another config. */
export function changeServer(server: TunnelServer, { peers, modes }: ConfigDiff): void {
  // The old ones first: a network or a key may go from one client to another.
  for (const { name } of [...peers.removed, ...peers.replaced]) server.removePeer(name)
  for (const peer of [...peers.replaced, ...peers.added]) server.addPeer(serverPeer(peer))
  if (modes !== undefined) server.setModes(modes)
}
