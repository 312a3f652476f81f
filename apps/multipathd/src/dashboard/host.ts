import type { DashboardSettings } from '../config/schema/dashboard.ts'
import { DASHBOARD_ENDPOINT } from '../config/schema/dashboard.ts'
import { loadAssets } from './assets.ts'
import type { Live } from './live-feed.ts'
import { openDashboard } from './server.ts'
import type { Dashboard } from './server.ts'
import { Token, loadToken } from './token.ts'

/** Has the page served: from the start where the config says so, else when somebody asks for it. */
export class DashboardHost {
  readonly #settings: DashboardSettings | undefined
  readonly #live: Live
  readonly #token: Token
  #dashboard: Promise<Dashboard> | undefined

  /** Reads the token file, as long as the rights for it are there. Throws ExitError when it cannot be used. */
  constructor(settings: DashboardSettings | undefined, live: Live) {
    const file = settings?.tokenFile
    this.#settings = settings
    this.#live = live
    this.#token = file === undefined ? new Token() : loadToken(file)
  }

  /** Address that lets in whoever opens it. Rejects with the error of Node when the page cannot be served. */
  async url(): Promise<string> {
    return (await this.#open()).url
  }

  /** Serves the page if the config wants it from the start; answers where. */
  async start(): Promise<string | undefined> {
    if (this.#settings === undefined) return undefined
    return (await this.#open()).address
  }

  async close(): Promise<void> {
    const dashboard = await this.#dashboard?.catch(() => undefined)
    await dashboard?.close()
  }

  #open(): Promise<Dashboard> {
    this.#dashboard ??= this.#serve().catch((error: unknown) => {
      // The next one who asks may have more luck.
      this.#dashboard = undefined
      throw error
    })
    return this.#dashboard
  }

  async #serve(): Promise<Dashboard> {
    const parts = { token: this.#token, assets: loadAssets(), live: this.#live }
    const endpoint = this.#settings?.listen ?? DASHBOARD_ENDPOINT
    try {
      return await openDashboard({ ...parts, endpoint })
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || this.#settings !== undefined) throw error
      // Nobody named a port: another daemon of this machine may have the usual one.
      return await openDashboard({ ...parts, endpoint: '127.0.0.1:0' })
    }
  }
}
