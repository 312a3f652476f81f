import { isDeepStrictEqual } from 'node:util'
import type { NetworkWatch } from '@mp/interface'
import { chooseNetworkWatch } from '@mp/native-io'
import { systemRuntime } from '@mp/runtime-node'
import type { TunnelEvent } from '@mp/tunnel'
import type { Log } from '../cli/log.ts'
import type { Config } from '../config/index.ts'
import { addressIn } from '../config/ip.ts'
import { NetworkChanges } from './changes.ts'
import { systemHost } from './host.ts'
import { LineKeeper } from './line-keeper.ts'
import type { PathControl } from './line-keeper.ts'
import { startNat } from './nat.ts'
import { RouteKeeper } from './route-keeper.ts'
import { ServerNames } from './server-names.ts'
import { StateFile, stateFilePath } from './state-file.ts'
import { fullTunnelFamilies, managesRoutes, natNetworks, natOf } from './wishes.ts'

export type { PathControl } from './line-keeper.ts'
export { hasPattern } from './line.ts'
export { ownRoutes } from './wishes.ts'

/** Names of servers are looked up again after this long, ms. */
const LOOK_UP_MS = 300_000
/** Most addresses of servers that are kept out of a full tunnel. */
const MAX_SERVERS = 64

/** Undoes what the daemon with the device `tun` left when it was killed. @returns how many changes it had noted. */
export async function undoLeftovers(tun: string): Promise<number> {
  const file = new StateFile(stateFilePath(tun))
  try {
    return await new NetworkChanges(systemHost, file).recover()
  } finally {
    file.close()
  }
}

/** Who is told what. */
export interface NetworkOptions {
  readonly config: Config
  readonly log: Log
  /** All traffic shall go into the tunnel, and cannot be made to: why. */
  readonly onRefused: (why: string) => void
  /** The client's paths; undefined at a server. */
  readonly pathControl: () => PathControl | undefined
}

/**
 * The network of the machine around a tunnel: what becomes of its lines, where names of servers lead, and which routes,
 * rules and translations are needed. All of it is undone by {@link Network.close}, or by the next one.
 */
export class Network {
  readonly names: ServerNames
  readonly #options: NetworkOptions
  /** Undefined when nothing is changed. */
  readonly #file: StateFile | undefined
  readonly #changes: NetworkChanges | undefined
  readonly #routes: RouteKeeper
  readonly #servers = new Set<string>()
  /** Networks whose packets leave under the address of this machine. */
  #translated: readonly string[] = []
  #lines: LineKeeper | undefined
  #watch: NetworkWatch | undefined
  #lookUp: NodeJS.Timeout | undefined

  /** Throws ExitError when the state file cannot be opened. The TUN device must be there: it shows that nobody else has it. */
  constructor(options: NetworkOptions) {
    const { config, log, onRefused } = options
    const tun = config.tun.name
    this.#options = options
    if (managesRoutes(config) || natOf(config) !== undefined) {
      this.#file = new StateFile(stateFilePath(tun))
      const { path } = this.#file
      this.#changes = new NetworkChanges(systemHost, this.#file, ({ message }) =>
        log.warn(
          `cannot note in ${path} what is changed of routes: ${message}. They are set all the same, but after a crash some would stay: make room there`,
        ),
      )
    }
    const changes = managesRoutes(config) ? this.#changes : undefined
    this.#routes = new RouteKeeper({ host: systemHost, changes, log, tun, onRefused })
    this.names = new ServerNames({ onAddresses: (ips) => this.#admit(ips) })
  }

  /** Undoes what a daemon left that was killed, and sets up what a server needs. Rejects with what to do. */
  async prepare(): Promise<void> {
    const { config, log } = this.#options
    if (this.#changes === undefined) return
    const left = await this.#changes.recover()
    if (left > 0) log.info(`undid ${left} changes of routes and rules that the last run left`)
    await this.#translate(config)
  }

  /** Begins to look after the lines of a client. */
  start(): void {
    const { config, log, pathControl } = this.#options
    const control = pathControl()
    if (control === undefined) return
    const lines = new LineKeeper({
      paths: config.client.remotePaths,
      control: { ...control, redialPath: (name) => this.#redial(name, control) },
      ignored: [config.tun.name, 'lo'],
      onRefusal: (path, { message }) => log.warn(`cannot use ${path}: ${message}`, { path }),
    })
    this.#lines = lines
    this.#watch = chooseNetworkWatch({ runtime: systemRuntime() })
    this.#watch.start({
      onInterfaces: (interfaces) => void this.#routes.update({ lines: lines.handleInterfaces(interfaces) }),
      onRoutes: () => void this.#routes.update(),
    })
    this.#lookUp = setInterval(() => void this.#redialMoved(control), LOOK_UP_MS)
    this.#lookUp.unref()
  }

  /** The config names other paths or clients now; paths without a pattern have been made and closed by then. Rejects as {@link prepare}. */
  async follow(config: Config): Promise<void> {
    if (this.#lines !== undefined)
      void this.#routes.update({ lines: this.#lines.setPaths(config.client.remotePaths) })
    await this.#translate(config)
  }

  handleEvent(event: TunnelEvent): void {
    const { config } = this.#options
    if (event.type === 'path-state' && event.to === 'normal') this.names.handleWorking(event.path)
    if (event.type === 'stalled') void this.#redialMoved(this.#options.pathControl())
    // Not before: what is needed to find the server must not go into the tunnel.
    const families = event.type === 'established' ? fullTunnelFamilies(config) : []
    if (families.length > 0) void this.#routes.update({ fullTunnel: { device: config.tun.name, families } })
  }

  /** Undoes all. */
  async close(): Promise<void> {
    clearInterval(this.#lookUp)
    this.#watch?.close()
    await this.#routes.close()
    await this.#changes?.undo()
    this.#file?.close()
  }

  /** Gives what the clients send on the address of this machine, where the config says so. */
  async #translate(config: Config): Promise<void> {
    const nat = natOf(config)
    const networks = natNetworks(config)
    if (nat === undefined || this.#changes === undefined) return
    if (isDeepStrictEqual(networks, this.#translated)) return
    await startNat(this.#changes, { ...nat, tun: config.tun.name, networks })
    this.#translated = networks
  }

  /** What goes to the server must not go into the tunnel. */
  async #admit(ips: readonly string[]): Promise<void> {
    // As the kernel writes them.
    const news = ips.map((ip) => addressIn(ip, 0)).filter((ip) => !this.#servers.has(ip))
    if (news.length === 0 || fullTunnelFamilies(this.#options.config).length === 0) return
    for (const ip of news) this.#servers.add(ip)
    // Names may mean another address each day: the oldest are of no use any more.
    for (const ip of [...this.#servers].slice(0, -MAX_SERVERS)) this.#servers.delete(ip)
    await this.#routes.update({ servers: [...this.#servers] })
  }

  /** Not because the address of the server leads nowhere. */
  #redial(path: string, control: PathControl): void {
    this.names.handleWorking(path)
    control.redialPath(path)
  }

  async #redialMoved(control: PathControl | undefined): Promise<void> {
    if (control === undefined) return
    for (const path of await this.names.findMoved((name) => control.remoteIpOf(name)))
      control.redialPath(path)
  }
}
