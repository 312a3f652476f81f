import { z } from 'zod'
import { formatPath } from './fault.ts'
import type { Fault } from './fault.ts'
import { parseJson } from './json.ts'
import { canonicalKeys } from './keys.ts'
import { remotePath } from './schema/remote-path.ts'
import type { RemotePath } from './schema/index.ts'

/** Reads one path as it would stand in the list of a config file; it needs a name. */
export function parsePath(
  written: Readonly<Record<string, unknown>>,
): { readonly path: RemotePath } | { readonly faults: readonly Fault[] } {
  const json = parseJson(JSON.stringify(written))
  if ('fault' in json) return { faults: [{ path: '', message: json.fault.message }] }
  const faults: Fault[] = []
  const shape: Readonly<Record<string, unknown>> = z.toJSONSchema(remotePath, { io: 'input' })
  const raw = canonicalKeys(json.value, shape, (fault) => faults.push(fault))
  const parsed = remotePath.safeParse(raw)
  for (const { path, message } of parsed.error?.issues ?? []) faults.push({ path: formatPath(path), message })
  if (faults.length > 0 || !parsed.success) return { faults }
  const { name } = parsed.data
  if (name === undefined) return { faults: [{ path: 'name', message: 'missing: expected a name' }] }
  return { path: { ...parsed.data, name } }
}
