import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseEndpoint } from '@mp/runtime-node'
import { isForThisMachine } from '../web/host-check.ts'
import { listen } from '../web/listen.ts'
import { reply } from '../web/reply.ts'
import type { Assets } from './assets.ts'
import { LiveFeed, MAX_VIEWERS } from './live-feed.ts'
import type { Live } from './live-feed.ts'
import { Sessions } from './session.ts'
import type { Token } from './token.ts'

export interface DashboardOptions {
  /** A loopback address and a port; 0 for any. */
  readonly endpoint: string
  readonly token: Token
  readonly assets: Assets
  readonly live: Live
}

/** A page that is served. */
export interface Dashboard {
  /** `ip:port` where it is served. */
  readonly address: string
  /** Address that lets in whoever opens it: for the eyes of who may see it. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Nothing from elsewhere, nothing inline, no frame around it, and nothing said to others about it. What the page needs
 * is its own files and the connection back.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const HOW_TO_ENTER = 'This page needs a token: run `multipathd dashboard` and open the address it prints.\n'

/** Serves the page to whoever has the token. Rejects with the error of Node when it cannot listen. */
export async function openDashboard({ endpoint, token, assets, live }: DashboardOptions): Promise<Dashboard> {
  const feed = new LiveFeed(live)
  let sessions: Sessions | undefined
  const server = await listen(endpoint, (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    // Whoever is faster than the port is told to come again.
    if (sessions === undefined) reply(response, 503, 'not ready yet\n')
    else answer(request, response, { sessions, assets, feed })
  })
  const { address } = server
  const { port } = parseEndpoint(address) as { readonly port: number }
  sessions = new Sessions(token, port)
  return {
    address,
    url: `http://${address}/?token=${token.text}`,
    close: async () => {
      feed.close()
      await server.close()
    },
  }
}

interface Parts {
  readonly sessions: Sessions
  readonly assets: Assets
  readonly feed: LiveFeed
}

function answer(request: IncomingMessage, response: ServerResponse, { sessions, assets, feed }: Parts): void {
  const { method = '', url = '', headers } = request
  if (!isForThisMachine(headers.host)) return reply(response, 421, 'ask for an IP address or localhost\n')
  if (method !== 'GET') return reply(response, 405, 'this page is only read\n', { allow: 'GET' })
  const [pathname = '', query] = url.split('?', 2)
  const given = new URLSearchParams(query).get('token')
  if (given !== null) return enter(response, sessions.cookieFor(given))
  if (!sessions.isKnown(request)) return reply(response, 401, HOW_TO_ENTER)
  if (pathname === '/session') return reply(response, 200, 'known\n')
  if (pathname === '/live') {
    if (feed.add(response)) return undefined
    return reply(response, 503, `at most ${MAX_VIEWERS} viewers at a time: close a page elsewhere\n`)
  }
  const asset = assets.get(pathname)
  if (asset === undefined) return reply(response, 404, 'no such page\n')
  const keep = asset.isHashed ? 'private, max-age=31536000, immutable' : 'no-store'
  response.writeHead(200, { 'content-type': asset.type, 'cache-control': keep })
  response.end(asset.body)
}

/** The token leaves the address as soon as it was seen. */
function enter(response: ServerResponse, cookie: string | undefined): void {
  if (cookie === undefined) reply(response, 401, HOW_TO_ENTER)
  else reply(response, 303, '', { location: '/', 'set-cookie': cookie })
}
