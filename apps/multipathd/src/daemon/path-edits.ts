import { MAX_PATHS } from '@mp/tunnel'
import { faultsOfPaths, parsePath } from '../config/index.ts'
import type { Config, Fault, RemotePath } from '../config/index.ts'
import { ControlError } from '../control/protocol.ts'

/** Changes of the paths of a config that runs. They throw a {@link ControlError} with all that is wrong, and change nothing themselves. */

/** The config with one more path, written as in a config file. */
export function withPath(config: Config, written: Readonly<Record<string, unknown>>): Config {
  return withPaths(config, [...config.client.remotePaths, parsed(written)])
}

/** The config without the path `name`. */
export function withoutPath(config: Config, name: string): Config {
  const { remotePaths } = config.client
  const { name: known } = pathNamed(config, name)
  if (remotePaths.length === 1)
    throw new ControlError('refused', `"${name}" is the last path: stop the daemon instead`)
  return withPaths(
    config,
    remotePaths.filter((path) => path.name !== known),
  )
}

/** The config with `changes` in the path `name`, written as in a config file; a `null` takes a key away. */
export function withPathChanged(
  config: Config,
  name: string,
  changes: Readonly<Record<string, unknown>>,
): Config {
  // Of what was read before, bytes are no text any more.
  const { quota, ...rest } = pathNamed(config, name)
  const written = Object.entries({ ...rest, ...changes }).filter(([, value]) => value !== null)
  const path = parsed(Object.fromEntries(written))
  const changed = 'quota' in changes ? path : { ...path, quota }
  const paths = config.client.remotePaths.map((each) => (each.name === name ? changed : each))
  return withPaths(config, paths)
}

function withPaths(config: Config, remotePaths: readonly RemotePath[]): Config {
  if (remotePaths.length > MAX_PATHS)
    throw new ControlError('refused', `there are ${MAX_PATHS} paths already`)
  const faults = faultsOfPaths({ ...config, client: { remotePaths } })
  if (faults.length > 0) throw faulty(faults)
  return { ...config, client: { remotePaths } }
}

function parsed(written: Readonly<Record<string, unknown>>): RemotePath {
  const result = parsePath(written)
  if ('faults' in result) throw faulty(result.faults)
  return result.path
}

function faulty(faults: readonly Fault[]): ControlError {
  return new ControlError('bad-params', faults.map(({ path, message }) => `${path}: ${message}`).join('; '))
}

function pathNamed({ client, isServer }: Config, name: string): RemotePath {
  if (isServer) throw new ControlError('refused', 'a server has the paths of its clients: change them there')
  const path = client.remotePaths.find((each) => each.name === name)
  if (path !== undefined) return path
  const known = client.remotePaths.map((each) => each.name).join(', ')
  throw new ControlError('bad-params', `there is no path "${name}": there are ${known}`)
}
