import type { IncomingMessage } from 'node:http'
import type { Token } from './token.ts'

/** Who comes back after the first visit brings the token in a cookie. */
export class Sessions {
  readonly #token: Token
  readonly #name: string

  /** Cookies are shared by all ports of a machine: with the `port` in their name several daemons get along. */
  constructor(token: Token, port: number) {
    this.#token = token
    this.#name = `multipathd-${port}`
  }

  /** Whether the request brings the token in its cookie. */
  isKnown({ headers: { cookie = '' } }: IncomingMessage): boolean {
    return cookie.split(';').some((pair) => {
      const [name, value = ''] = pair.trim().split('=', 2)
      return name === this.#name && this.#token.matches(value)
    })
  }

  /** The cookie for whoever gave the right token; undefined for a wrong one. Scripts cannot read it, other sites not send it. */
  cookieFor(given: string): string | undefined {
    if (!this.#token.matches(given)) return undefined
    return `${this.#name}=${given}; Path=/; HttpOnly; SameSite=Strict`
  }
}
