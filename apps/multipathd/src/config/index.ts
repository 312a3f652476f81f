import type { z } from 'zod'
import { faultsBetween } from './checks.ts'
import type { Draft, Role } from './checks.ts'
import { formatPath, withoutKeys } from './fault.ts'
import type { Fault, PathParts } from './fault.ts'
import { parseJson } from './json.ts'
import { canonicalKeys } from './keys.ts'
import { configJsonSchema, configSchema } from './schema/index.ts'
import type { Config, KeySource } from './schema/index.ts'

export type { Role } from './checks.ts'
export type { Fault } from './fault.ts'
export { configJsonSchema } from './schema/index.ts'
export { faultsOfPaths } from './checks.ts'
export type { KnownKeys } from './key-file.ts'
export { loadKeys } from './load-keys.ts'
export { parsePath } from './parse-path.ts'
export { PATH_USE, isSameWay } from './path-use.ts'
export type { Config, KeySource, Peer, Quota, RemotePath } from './schema/index.ts'

/** What to say wherever a config with `"security": "none"` is used. */
export const NOT_ENCRYPTED = 'nothing is encrypted and anyone may join: "security" is "none"'

type Issue = Pick<z.core.$ZodIssue, 'path' | 'message'>

export interface ParseOptions {
  /** The role asked for on the command line. It sets `isServer` where the file does not; they must not differ. */
  readonly role?: Role | undefined
  /** `--insecure` was given: `"security": "none"` may be missing. */
  readonly insecure?: boolean | undefined
}

/**
 * Reads the text of a config file. Either everything is right, or every fault is named at once. Key files are named in
 * the result and not looked at: that is for {@link loadKeys}.
 */
export function parseConfig(
  text: string,
  options: ParseOptions = {},
): { readonly config: Config<KeySource> } | { readonly faults: readonly Fault[] } {
  const json = parseJson(text)
  if ('fault' in json) {
    const { line, column, message } = json.fault
    return { faults: [{ path: '', message: `line ${line}, column ${column}: ${message}` }] }
  }
  const faults: Fault[] = []
  const raw = canonicalKeys(json.value, configJsonSchema(), (fault) => faults.push(fault))
  const parsed = configSchema.safeParse(raw)
  const issues = (parsed.error?.issues ?? []).flatMap(innermost)
  faults.push(...issues.map(({ path, message }) => ({ path: formatPath(path), message })))
  for (const { path } of issues) remove(raw, path)
  // What is wrong in itself is not reported again for not fitting the rest.
  if (isRecord(raw))
    faults.push(...faultsBetween(raw as Draft, options).filter((fault) => isNews(fault, faults)))
  if (faults.length > 0 || !parsed.success) return { faults: faults.map(withoutKeys) }
  const { isServer, security = 'none' } = parsed.data
  const { role } = options
  return {
    config: { ...parsed.data, security, isServer: role === undefined ? isServer : role === 'server' },
  }
}

/** Where one of several forms was meant, as seen from its type: what is wrong inside of it, not that none fits. */
function innermost(issue: z.core.$ZodIssue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors.find((inside) => inside.every(({ path }) => path.length > 0))
  return meant?.map(({ path, message }) => ({ path: [...issue.path, ...path], message })) ?? [issue]
}

function isNews({ path }: Fault, faults: readonly Fault[]): boolean {
  return faults.every((known) => !known.path.startsWith(path) && !path.startsWith(known.path))
}

/** Takes the faulty member at `path` out, or the whole list when an item of it is faulty. */
function remove(raw: unknown, path: PathParts): void {
  const last = path.findLastIndex((part) => typeof part === 'string')
  let holder = raw
  for (const part of path.slice(0, Math.max(0, last)))
    holder = (holder as Record<PropertyKey, unknown>)?.[part]
  if (isRecord(holder) && last >= 0) delete holder[path[last] as string]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
