/** Stand-in until @mp/secure-channel has it. */
export class Secret {
  readonly #bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }
  static fromBase64(text: string): Secret | undefined {
    const bytes = Buffer.from(text, 'base64')
    return bytes.length === 32 && bytes.toString('base64') === text
      ? new Secret(Uint8Array.from(bytes))
      : undefined
  }
  reveal(): Uint8Array {
    return this.#bytes
  }
  toJSON(): string {
    return '[secret]'
  }
  toString(): string {
    return '[secret]'
  }
}
