import { lstatSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { EXIT } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'
import type { Config, KeySource } from '../config/index.ts'

/** Longest path of a socket on Linux, bytes. */
const MAX_PATH_BYTES = 107
const SUFFIX = '.sock'
const ROOT_FOLDER = '/run/multipathd'

type Env = Readonly<Record<string, string | undefined>>

/** Where daemons of this user have their sockets, the first one first; none where there is no place for it. */
function socketFolders(env: Env): readonly string[] {
  const { RUNTIME_DIRECTORY: service, XDG_RUNTIME_DIR: session } = env
  const own = process.geteuid?.() === 0 ? ROOT_FOLDER : session && join(session, 'multipathd')
  // systemd names the folder it made for a service, or several with colons between.
  return [service?.split(':')[0], own, ROOT_FOLDER].filter((folder, index, all): folder is string => {
    return folder !== undefined && folder !== '' && all.indexOf(folder) === index
  })
}

/** Where the daemon called `name` has its socket unless the config says otherwise; undefined where there is no place for it. */
export function defaultSocketPath(name: string, env: Env): string | undefined {
  const isRoot = process.geteuid?.() === 0
  const folder = socketFolders(env).find((each) => isRoot || each !== ROOT_FOLDER)
  return folder === undefined ? undefined : join(folder, `${name}${SUFFIX}`)
}

/** Where a daemon with this config has its socket; undefined where it has none. */
export function socketPathOf(
  { control: { socket }, tun: { name } }: Pick<Config<KeySource>, 'control' | 'tun'>,
  env: Env,
): string | undefined {
  return socket === 'none' ? undefined : (socket ?? defaultSocketPath(name, env))
}

/** The sockets of daemons that run here, or did. */
export function findSockets(env: Env): readonly string[] {
  return socketFolders(env).flatMap((folder) => {
    try {
      return readdirSync(folder)
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => join(folder, file))
    } catch {
      return []
    }
  })
}

/** Those of `paths` at which a daemon answers: one that was killed leaves its socket. */
export async function answering(paths: readonly string[]): Promise<readonly string[]> {
  const areThere = await Promise.all(paths.map(answers))
  return paths.filter((_path, index) => areThere[index])
}

/**
 * Makes way for a socket at `path`: its folder is there then, and what a dead daemon left is gone.
 * @throws ExitError when a daemon answers there, or something else stands there.
 */
export async function claimSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw refusal(`the path of the control socket has at most ${MAX_PATH_BYTES} bytes, "${path}" has more`)
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket()) throw refusal(`"${path}" is no socket: remove it, or name another "control.socket"`)
  if (await answers(path))
    throw refusal(`another multipathd answers at "${path}": stop it, or name another "control.socket"`)
  unlinkSync(path)
}

function refusal(message: string): ExitError {
  return new ExitError(EXIT.unavailable, message)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const settle = (isThere: boolean): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => settle(true))
    // One that has no room for another connection, or is another user's, is alive.
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    )
  })
}
