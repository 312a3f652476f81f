import type { PacketBatch, TunDevice, TunHandler, TunStats } from '@mp/interface'
import type { TunOffloadsInUse } from '@mp/native-io'
import { type BareDevice, findBackend } from './backends.ts'
import { type Configured, configure } from './configure.ts'
import { TunError } from './errors.ts'
import { checkName, checkRoute, mtuOf, planOf, type TunOptions } from './options.ts'
import { runCommand } from './run.ts'
import { existsCommand, routeSteps, stepsFor } from './steps.ts'

/** A device that is up, with its addresses and routes. */
export interface Tun extends TunDevice {
  /** Networks of the options that had a route before; that route was left alone and stays when the device goes. */
  readonly skippedRoutes: readonly string[]
  /**
   * Routes these networks into the device instead of those before. Rejects with a {@link TunError} when one is refused; what was
   * done before it stays.
   * @returns networks that had a route before, which was left alone.
   */
  setRoutes(networks: readonly string[]): Promise<readonly string[]>
  /** The offloads that act now; undefined where the backend has none. */
  offloads(): TunOffloadsInUse | undefined
}

/**
 * Opens a TUN device, gives it its addresses, brings it up and routes networks into it. When any of it fails, nothing
 * is left behind. Closing it removes what was made, and only that.
 *
 * Rejects with a {@link TunError}, or RangeError for a number that is out of range.
 */
export async function openTun(options: TunOptions): Promise<Tun> {
  const { platform } = process
  const plan = planOf(options)
  if (options.name !== undefined) await checkFree(options.name)
  const openDevice = await findBackend(options.backend)
  const device = await openDevice(options, mtuOf(options), runCommand)
  try {
    return new ConfiguredTun(device, await configure(stepsFor(platform, device.name, plan), runCommand))
  } catch (error) {
    await device.close()
    throw error
  }
}

/** The kernel would hand out a device that another program made and left: it is not ours to take. */
async function checkFree(name: string): Promise<void> {
  checkName(name, process.platform)
  if ((await runCommand(existsCommand(process.platform, name))) !== undefined) return
  const advice = 'choose another name, or remove the interface'
  throw new TunError('MP_TUN_BUSY', `an interface called ${name} exists: ${advice}`)
}

class ConfiguredTun implements Tun {
  readonly name: string
  readonly backend: string
  readonly mtuBytes: number
  readonly skippedRoutes: readonly string[]
  readonly #device: BareDevice
  readonly #configured: Configured
  #closing: Promise<void> | undefined

  constructor(device: BareDevice, configured: Configured) {
    this.name = device.name
    this.backend = device.backend
    this.mtuBytes = device.mtuBytes
    this.skippedRoutes = configured.skippedRoutes
    this.#device = device
    this.#configured = configured
  }

  start(handler: TunHandler): void {
    this.#device.start(handler)
  }

  write(batch: PacketBatch): number {
    return this.#device.write(batch)
  }

  async setRoutes(networks: readonly string[]): Promise<readonly string[]> {
    for (const network of networks) checkRoute(network)
    return this.#configured.setRoutes(routeSteps(process.platform, this.name, networks))
  }

  offloads(): TunOffloadsInUse | undefined {
    return this.#device.offloads?.()
  }

  stats(): TunStats {
    return this.#device.stats()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#configured.undo()
    await this.#device.close()
  }
}
