import { formatPath } from './fault.ts'
import type { Fault } from './fault.ts'
import { remotePath } from './schema/remote-path.ts'
import type { RemotePath } from './schema/index.ts'

/** Reads one path as it would stand in the list of a config file; it needs a name. */
export function parsePath(
  written: Readonly<Record<string, unknown>>,
): { readonly path: RemotePath } | { readonly faults: readonly Fault[] } {
  const parsed = remotePath.safeParse(written)
  if (!parsed.success) {
    return {
      faults: parsed.error.issues.map(({ path, message }) => ({ path: formatPath(path), message })),
    }
  }
  const { name } = parsed.data
  if (name === undefined) return { faults: [{ path: 'name', message: 'missing: expected a name' }] }
  return { path: { ...parsed.data, name } }
}
