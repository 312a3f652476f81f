import { decodeKey } from './key-text.ts'

const REDACTED = '[secret]'
/** Under this name console.log and friends of Node.js look for what to print. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * Key bytes that do not get into a log by mistake: however an object that holds a secret is printed, `[secret]` is
 * all that appears. To use the bytes one has to say {@link reveal}.
 */
export class Secret {
  static {
    Object.defineProperty(this.prototype, INSPECT, { value: () => REDACTED })
  }

  readonly #bytes: Uint8Array

  /** Takes the array over: it is not copied. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A 32-byte key as `wg genkey` prints it, or undefined when it is none; see {@link decodeKey}. */
  static fromBase64(text: string): Secret | undefined {
    const bytes = decodeKey(text)
    return bytes && new Secret(bytes)
  }

  /** The bytes themselves. Hand them to what needs them; keep and print nothing. */
  reveal(): Uint8Array {
    return this.#bytes
  }

  /** Overwrites the bytes with zeros. */
  wipe(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }
}
