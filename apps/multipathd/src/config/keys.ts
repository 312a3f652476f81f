import { formatPath } from './fault.ts'
import type { Fault, PathParts } from './fault.ts'
import { JsonObject } from './json.ts'
import type { Json } from './json.ts'
import { nearest } from './nearest.ts'

/** The part of a JSON Schema that says which keys are known where. */
export interface KeyShape {
  readonly properties?: Readonly<Record<string, KeyShape>>
  readonly items?: KeyShape
  /** What may stand there instead; at most one of them is an object. */
  readonly anyOf?: readonly KeyShape[]
}

/**
 * Turns what was read into plain values with the keys spelled as in `shape`. Letter case of keys does not matter, as
 * in the Go original; unknown keys and keys that stand twice are told to `report` and left out.
 */
export function canonicalKeys(
  value: Json,
  shape: KeyShape,
  report: (fault: Fault) => void,
  path: PathParts = [],
): unknown {
  if (value instanceof JsonObject) return canonicalObject(value, shape, report, path)
  if (!Array.isArray(value)) return value
  return value.map((item: Json, index) => canonicalKeys(item, shape.items ?? {}, report, [...path, index]))
}

function canonicalObject(
  { members }: JsonObject,
  shape: KeyShape,
  report: (fault: Fault) => void,
  path: PathParts,
): Record<string, unknown> {
  const { properties = {} } = shape.anyOf?.find((each) => each.properties !== undefined) ?? shape
  const known = Object.keys(properties)
  const plain: Record<string, unknown> = {}
  const spelled = new Map<string, string>()
  for (const [key, value] of members) {
    const name = known.find((candidate) => candidate.toLowerCase() === key.toLowerCase())
    const here = formatPath([...path, name ?? key])
    const earlier = name === undefined ? undefined : spelled.get(name)
    if (name === undefined) {
      // Where no object belongs, the type is the fault and its keys are none.
      if (known.length > 0) report({ path: here, message: unknownKey(key, known) })
    } else if (earlier === undefined) {
      spelled.set(name, key)
      plain[name] = canonicalKeys(value, properties[name] ?? {}, report, [...path, name])
    } else {
      report({ path: here, message: `the key stands twice, as "${earlier}" and "${key}": keep one` })
    }
  }
  return plain
}

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key "${key}": did you mean "${nearest(key, known)}"? Known here: ${known.join(', ')}`
}
