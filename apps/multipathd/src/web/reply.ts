import type { ServerResponse } from 'node:http'

type Headers = Readonly<Record<string, string>>

/** Ends a response with a text. */
export function reply(response: ServerResponse, status: number, text: string, headers: Headers = {}): void {
  const type = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  response.writeHead(status, { ...type, 'x-content-type-options': 'nosniff', ...headers })
  response.end(text)
}
