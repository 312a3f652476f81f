/** One thing wrong with a config. */
export interface Fault {
  /** Where: `client.remotePaths[0].weight`, or empty for the file as a whole. */
  readonly path: string
  /** What was found, what was expected, and what to do where that is not plain. */
  readonly message: string
}

export type PathParts = readonly PropertyKey[]

/** `['client', 'remotePaths', 0]` as people write it: `client.remotePaths[0]`. */
export function formatPath(parts: PathParts): string {
  return parts
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}

/** What may be a key in base64, or most of one. */
const KEY_LIKE = /[A-Za-z0-9+/]{32,}=?/g

/** A key in the wrong place is shown to nobody: messages go to terminals and logs. */
export function withoutKeys({ path, message }: Fault): Fault {
  return { path: path.replace(KEY_LIKE, '…'), message: message.replace(KEY_LIKE, '…') }
}

/** A value of the config in a message: short, and as it stands in the file. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
