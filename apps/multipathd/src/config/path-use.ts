import { isDeepStrictEqual } from 'node:util'
import type { RemotePath } from './schema/index.ts'

/** Keys of a path that say how it is used. All others say where it leads: who changes one of them wants another path. */
export const PATH_USE: readonly (keyof RemotePath)[] = [
  'weight',
  'role',
  'costMs',
  'maxSendMbit',
  'maxReceiveMbit',
  'idleProbeSeconds',
  'quota',
]

/** Whether two paths lead the same way, however they are used. */
export function isSameWay(a: RemotePath, b: RemotePath): boolean {
  return isDeepStrictEqual(wayOf(a), wayOf(b))
}

function wayOf(path: RemotePath): object {
  const use: readonly string[] = PATH_USE
  const isOfWay = ([key, value]: [string, unknown]): boolean => value !== undefined && !use.includes(key)
  return Object.fromEntries(Object.entries(path).filter(isOfWay))
}
