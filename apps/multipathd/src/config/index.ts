import { faultsBetween } from './checks.ts'
import type { Draft, Role } from './checks.ts'
import { formatPath } from './fault.ts'
import type { Fault, PathParts } from './fault.ts'
import { parseJson } from './json.ts'
import { canonicalKeys } from './keys.ts'
import { configJsonSchema, configSchema } from './schema.ts'
import type { Config } from './schema.ts'

export type { Role } from './checks.ts'
export type { Fault } from './fault.ts'
export { configJsonSchema } from './schema.ts'
export type { Config, RemotePath } from './schema.ts'

export interface ParseOptions {
  /** The role asked for on the command line. It sets `isServer` where the file does not; they must not differ. */
  readonly role?: Role | undefined
  /** `--insecure` was given: `"security": "none"` may be missing. */
  readonly insecure?: boolean | undefined
}

/** Reads a config file. Either everything is right, or every fault is named at once. */
export function parseConfig(
  text: string,
  options: ParseOptions = {},
): { readonly config: Config } | { readonly faults: readonly Fault[] } {
  const json = parseJson(text)
  if ('fault' in json) {
    const { line, column, message } = json.fault
    return { faults: [{ path: '', message: `line ${line}, column ${column}: ${message}` }] }
  }
  const faults: Fault[] = []
  const raw = canonicalKeys(json.value, configJsonSchema(), (fault) => faults.push(fault))
  const parsed = configSchema.safeParse(raw)
  const issues = parsed.error?.issues ?? []
  faults.push(...issues.map(({ path, message }) => ({ path: formatPath(path), message })))
  for (const { path } of issues) remove(raw, path)
  // What is wrong in itself is not reported again for not fitting the rest.
  if (isRecord(raw))
    faults.push(...faultsBetween(raw as Draft, options).filter((fault) => isNews(fault, faults)))
  if (faults.length > 0 || !parsed.success) return { faults }
  const { role } = options
  return { config: role === undefined ? parsed.data : { ...parsed.data, isServer: role === 'server' } }
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
