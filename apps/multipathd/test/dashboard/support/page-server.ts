import { loadAssets } from '../../../src/dashboard/assets.ts'
import { openDashboard } from '../../../src/dashboard/server.ts'
import type { Dashboard } from '../../../src/dashboard/server.ts'
import { Token } from '../../../src/dashboard/token.ts'
import type { World } from './world.ts'

interface PageServer extends Dashboard, AsyncDisposable {
  readonly token: Token
}

/** Serves the page as it was built, of a world that a test makes. */
export async function servePage(
  world: World,
  {
    endpoint = '127.0.0.1:0',
    token = new Token(),
  }: { readonly endpoint?: string; readonly token?: Token } = {},
): Promise<PageServer> {
  const dashboard = await openDashboard({ endpoint, token, assets: loadAssets(), live: world })
  return { ...dashboard, token, [Symbol.asyncDispose]: () => dashboard.close() }
}
