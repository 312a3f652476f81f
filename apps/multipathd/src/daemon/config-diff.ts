import { isDeepStrictEqual } from 'node:util'
import type { ClassModes } from '@mp/interface'
import { Secret } from '@mp/secure-channel'
import { PATH_USE } from '../config/index.ts'
import type { Config, Peer, RemotePath } from '../config/index.ts'
import type { LogLevel } from '../config/schema/log.ts'

/** What became of the entries of a list, told apart by their names. */
export interface Changes<T> {
  readonly added: readonly T[]
  readonly removed: readonly T[]
  /** Cannot be changed into what is wanted: the old one goes and this one comes. */
  readonly replaced: readonly T[]
  /** Is the same, but to be used in another way. */
  readonly changed: readonly T[]
}

/** What is between the config that runs and another one. */
export interface ConfigDiff {
  readonly paths: Changes<RemotePath>
  readonly peers: Changes<Peer>
  /** What paths are for now; undefined when that is as before. */
  readonly modes: ClassModes | undefined
  /** The least that is logged now; undefined when that is as before. */
  readonly logLevel: LogLevel | undefined
  /** Keys that cannot change while the daemon runs, and why. */
  readonly fixed: readonly FixedKey[]
}

export interface FixedKey {
  /** As in {@link Fault.path}. */
  readonly key: string
  readonly why: string
}

/** Why a section cannot change; of others it is read when the daemon starts. */
const REASONS: Readonly<Record<string, string>> = {
  isServer: 'a client does not become a server',
  tcp: 'all links are made of it',
  security: 'sessions are made with these keys',
  tun: 'the TUN device is made with it',
  scheduling: 'sessions are made with it',
  offload: 'sockets and the TUN device are made with it',
  ecn: 'sockets are made with it',
  user: 'root cannot be had back',
}
const AT_START = 'it is read when the daemon starts'

/** Compares two configs, entry by entry and key by key. */
export function diffConfigs(from: Config, to: Config): ConfigDiff {
  const { mode: fromMode = {} } = from
  const { mode: toMode = {} } = to
  return {
    paths: changesOf(from.client.remotePaths, to.client.remotePaths, PATH_USE),
    peers: changesOf(from.server?.peers ?? [], to.server?.peers ?? [], []),
    modes: isSame(fromMode, toMode) ? undefined : toMode,
    logLevel: from.log.level === to.log.level ? undefined : to.log.level,
    fixed: fixedBetween(withoutLiving(from), withoutLiving(to)),
  }
}

type Sections = Readonly<Record<string, unknown>>

/** The config without what can change while the daemon runs. */
function withoutLiving({ client: _client, mode: _mode, server, log, ...rest }: Config): Sections {
  const { peers: _peers, ...listener } = server ?? {}
  return { ...rest, server: listener, log: { format: log.format } }
}

function fixedBetween(from: Sections, to: Sections): FixedKey[] {
  return [...keysOf(from, to)].flatMap((key) => fixedIn(key, from[key], to[key]))
}

/** @param use Keys of which a change does not make another entry. */
function changesOf<T extends { readonly name: string }>(
  from: readonly T[],
  to: readonly T[],
  use: readonly (keyof T)[],
): Changes<T> {
  const before = new Map(from.map((each) => [each.name, each]))
  const names = new Set(to.map(({ name }) => name))
  const kept = to.filter(({ name }) => before.has(name))
  const isSameBut = (each: T, ignored: readonly (keyof T)[]): boolean =>
    [...keysOf(each, before.get(each.name)!)].every(
      (key) => ignored.includes(key) || isSame(each[key], before.get(each.name)![key]),
    )
  return {
    added: to.filter(({ name }) => !before.has(name)),
    removed: from.filter(({ name }) => !names.has(name)),
    replaced: kept.filter((each) => !isSameBut(each, use)),
    changed: kept.filter((each) => isSameBut(each, use) && !isSameBut(each, [])),
  }
}

/** The keys of a section that differ, or the section itself when it is none. */
function fixedIn(section: string, from: unknown, to: unknown): FixedKey[] {
  const why = REASONS[section] ?? AT_START
  if (isSame(from, to)) return []
  if (!isSection(from) || !isSection(to)) return [{ key: section, why }]
  const changed = [...keysOf(from, to)].filter((key) => !isSame(from[key], to[key]))
  return changed.map((key) => ({ key: `${section}.${key}`, why }))
}

function keysOf<T extends object>(a: T, b: T): Set<keyof T & string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof T & string>
}

function isSection(value: unknown): value is Sections {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Like what is compared by Node, but secrets by what is in them, and what is undefined is not there. */
function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Secret && b instanceof Secret) return isDeepStrictEqual(a.reveal(), b.reveal())
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b)
  return [...keysOf(a, b)].every((key) => isSame(a[key], b[key]))
}

function isPlain(value: unknown): value is Sections {
  return isSection(value) && Object.getPrototypeOf(value) === Object.prototype
}
