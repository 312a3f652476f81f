/**
 * Reads JSON the way a person writes a config file: comments and a comma after the last member are allowed, a
 * mistake is reported with its line and column, and a key that stands twice is not silently lost.
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** An object as it stands in the text: every member, in order, whether or not its key came before. */
export class JsonObject {
  readonly members: readonly (readonly [key: string, value: Json])[]

  constructor(members: readonly (readonly [key: string, value: Json])[]) {
    this.members = members
  }
}

/** Where and why reading stopped. Line and column count from 1. */
export interface JsonFault {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Deeper than any config, and far from the limit of the call stack. */
const DEPTH_LIMIT = 64
const IGNORED = /(?:[ \t\r\n\uFEFF]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y
const STRING = /"(?:[^"\\\n]|\\.)*"/y
/** What to show of a text that was not expected. */
const WORD = /[^\s,:[\]{}]+|./y
/** What is longer is not shown: it may be a key. */
const SHOWN_CHARACTERS = 20

export function parseJson(text: string): { readonly value: Json } | { readonly fault: JsonFault } {
  const reader = new Reader(text)
  try {
    const value = reader.value(0)
    reader.end()
    return { value }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    return { fault: { ...positionOf(text, error.offset), message: error.message } }
  }
}

class Stop extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

class Reader {
  readonly #text: string
  #offset = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): Json {
    if (depth > DEPTH_LIMIT) throw new Stop(this.#offset, `nested deeper than ${DEPTH_LIMIT} levels`)
    this.#match(IGNORED)
    if (this.#take('{')) return new JsonObject(this.#list('}', () => this.#member(depth)))
    if (this.#take('[')) return this.#list(']', () => this.value(depth + 1))
    if (this.#text[this.#offset] === '"') return this.#string('a value')
    const literal = this.#match(LITERAL)
    if (literal === '') this.#fail('a value')
    return JSON.parse(literal) as Json
  }

  end(): void {
    this.#match(IGNORED)
    if (this.#offset < this.#text.length) this.#fail('the end of the file')
  }

  /** Items up to `close`; a comma may follow the last. */
  #list<T>(close: string, item: () => T): T[] {
    const items: T[] = []
    for (;;) {
      this.#match(IGNORED)
      if (this.#take(close)) return items
      items.push(item())
      this.#match(IGNORED)
      if (this.#take(close)) return items
      if (!this.#take(',')) this.#fail(`"," or "${close}"`)
    }
  }

  #member(depth: number): readonly [string, Json] {
    const key = this.#string('a key in double quotes')
    this.#match(IGNORED)
    if (!this.#take(':')) this.#fail('":"')
    return [key, this.value(depth + 1)]
  }

  #string(expected: string): string {
    const start = this.#offset
    const quoted = this.#match(STRING)
    if (quoted === '') this.#fail(this.#text[start] === '"' ? 'a closing double quote' : expected)
    try {
      return JSON.parse(quoted) as string
    } catch {
      throw new Stop(
        start,
        `a string with an escape or a control character that JSON does not know: ${excerpt(quoted)}`,
      )
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#offset] !== character) return false
    this.#offset++
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#offset
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#offset += found.length
    return found
  }

  #fail(expected: string): never {
    const { length } = this.#text
    const offset = this.#offset
    const found = offset >= length ? 'the end of the file' : excerpt(JSON.stringify(this.#match(WORD)))
    throw new Stop(offset, `expected ${expected}, found ${found}`)
  }
}

function excerpt(quoted: string): string {
  return quoted.length > SHOWN_CHARACTERS ? 'a long word' : quoted
}

function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}
