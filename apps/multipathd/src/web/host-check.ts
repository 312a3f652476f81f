import { isIP } from 'node:net'
import { parseEndpoint } from '@mp/runtime-node'

/**
 * Whether a request was meant for this machine. A web page that has its own name lead to 127.0.0.1 (DNS rebinding) can
 * make a browser ask us, but the request then carries that name: so no name but `localhost` is answered.
 */
export function isForThisMachine(host: string | undefined): boolean {
  if (host === undefined) return false
  const hasPort = /:\d+$/.test(host) && isIP(host) === 0
  const parsed = parseEndpoint(hasPort ? host : `${host}:80`)
  return !('error' in parsed) && (parsed.host === 'localhost' || isIP(parsed.host) !== 0)
}
