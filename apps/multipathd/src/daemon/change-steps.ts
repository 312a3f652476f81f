import type { Config, Peer, RemotePath } from '../config/index.ts'
import type { Changes, ConfigDiff } from './config-diff.ts'

const NONE = { added: [], removed: [], replaced: [], changed: [] } as const
const NOTHING: ConfigDiff = { paths: NONE, peers: NONE, modes: undefined, logLevel: undefined, fixed: [] }

const pathStep = (changes: Partial<Changes<RemotePath>>): ConfigDiff => ({
  ...NOTHING,
  paths: { ...NONE, ...changes },
})

const peerStep = (changes: Partial<Changes<Peer>>): ConfigDiff => ({
  ...NOTHING,
  peers: { ...NONE, ...changes },
})

/** The changes of a tunnel one by one, so that each is made or not: where one fails, it is known what runs. */
export function stepsOf({ paths, peers, modes }: ConfigDiff): readonly ConfigDiff[] {
  return [
    // Those that come first: what goes over a path that leaves has another to take.
    ...(['changed', 'replaced', 'added', 'removed'] as const).flatMap((what) =>
      paths[what].map((path) => pathStep({ [what]: [path] })),
    ),
    // The old ones first: a network or a key may go from one client to another.
    ...[...peers.removed, ...peers.replaced].map((peer) => peerStep({ removed: [peer] })),
    ...[...peers.replaced, ...peers.added].map((peer) => peerStep({ added: [peer] })),
    ...(modes === undefined ? [] : [{ ...NOTHING, modes }]),
  ]
}

/** The config that runs once a step was made. */
export function afterStep(config: Config, { paths, peers, modes }: ConfigDiff): Config {
  const { client, server, mode } = config
  return {
    ...config,
    client: { remotePaths: afterChanges(client.remotePaths, paths) },
    server: server && { ...server, peers: afterChanges(server.peers, peers) },
    mode: modes ?? mode,
  }
}

function afterChanges<T extends { readonly name: string }>(
  entries: readonly T[],
  { added, removed, replaced, changed }: Changes<T>,
): readonly T[] {
  const other = new Map([...replaced, ...changed].map((entry) => [entry.name, entry]))
  const kept = entries.filter(({ name }) => !removed.some((entry) => entry.name === name))
  return [...kept.map((entry) => other.get(entry.name) ?? entry), ...added]
}
