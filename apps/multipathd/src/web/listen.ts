import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { formatEndpoint, parseEndpoint } from '@mp/runtime-node'

/** Answers requests at one address. */
export interface WebServer {
  /** `ip:port`, with the real port when 0 was asked for. */
  readonly address: string
  /** Ends what is under way too. Idempotent. */
  close(): Promise<void>
}

/** Answers one request. It must end the response, now or later, and not throw. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** More than one person with some tabs, or a few scrapers, need. */
const MAX_CONNECTIONS = 64
/** A request has no body and few headers: who takes longer to send it is no browser, ms. */
const REQUEST_TIMEOUT_MS = 5000

/**
 * Listens at `endpoint`, as the config has it.
 * Rejects with the error of Node when it cannot.
 */
export async function listen(endpoint: string, handler: Handler): Promise<WebServer> {
  const parsed = parseEndpoint(endpoint)
  if ('error' in parsed) throw new TypeError(parsed.error)
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 8192 }, handler)
  server.maxConnections = MAX_CONNECTIONS
  server.listen(parsed.port, parsed.host)
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  return {
    address: formatEndpoint(address, port),
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
