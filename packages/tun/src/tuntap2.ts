import type { PacketBatch, TunDevice, TunHandler, TunStats } from '@mp/interface'
import { tunAdvice } from '@mp/native-io'
import { ChecksumCompleter, FLAG_PARTIAL_CHECKSUM } from '@mp/wire'
import { TunError, tunErrorCode } from './errors.ts'
import type { TunOptions } from './options.ts'
import type { Run } from './run.ts'

/** The part of tuntap2's device that is used. Its own types are not in its package. */
interface Tuntap2Device {
  readonly name: string
  mtu: number
  on(event: 'data', listener: (packet: Uint8Array) => void): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
  /** The callback comes only when it is the third argument. */
  write(
    packet: Uint8Array,
    encoding: undefined,
    done: (error?: NodeJS.ErrnoException | null) => void,
  ): boolean
  /** The callback comes when the read under way has ended. */
  release(done: () => void): void
}

export interface Tuntap2 {
  readonly Tun: new () => Tuntap2Device
}

/** Packets given to tuntap2 and not reported written, beyond which `write` leaves the rest. */
const BACKLOG_PACKETS = 64
/** Longest wait for tuntap2 to let go of a device that is deleted already, ms. */
const RELEASE_TIMEOUT_MS = 1000

/** The module, or why it cannot be used. */
export async function importTuntap2(): Promise<Tuntap2 | string> {
  // Not a literal, so that nobody needs it to compile.
  const specifier: string = 'tuntap2'
  try {
    const module = (await import(specifier)) as Tuntap2 & { default?: Tuntap2 }
    return module.default ?? module
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const missing = code === 'ERR_MODULE_NOT_FOUND'
    return missing ? 'not installed; `npm install tuntap2` adds it (Linux only)' : `does not load: ${message}`
  }
}

/** Opens a device through tuntap2, which lets the kernel choose a name: it is renamed afterwards. */
export async function openTuntap2(
  { Tun }: Tuntap2,
  options: TunOptions & { readonly mtuBytes: number },
  run: Run,
): Promise<TunDevice> {
  const device = openRaw(Tun)
  // Before the device gets another name, since tuntap2 does not learn of it.
  device.mtu = options.mtuBytes
  const tun = new Tuntap2Tun(device, options, run)
  if (options.name !== undefined) await tun.rename(options.name)
  return tun
}

function openRaw(Tun: Tuntap2['Tun']): Tuntap2Device {
  try {
    return new Tun()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    // Its failed ioctls have no code, only a text.
    const errno = code === '' && /not permitted/i.test(message) ? 'EPERM' : code
    const text = `tuntap2 cannot open a TUN device: ${message}: ${tunAdvice(errno)}`
    throw new TunError(tunErrorCode(errno), text, { cause: error })
  }
}

/**
 * A tuntap2 device behind the contract: one packet per call, one copy each way.
 *
 * Two faults of it are worked around. A device being read holds a thread in a blocking read, so `release` waits for
 * the next packet, and `process.exit` with it: closing therefore deletes the interface first, which ends the read. And
 * four open devices occupy all threads that Node has for files and names: see UV_THREADPOOL_SIZE.
 */
class Tuntap2Tun implements TunDevice {
  readonly backend = 'tuntap2'
  readonly mtuBytes: number
  readonly #device: Tuntap2Device
  readonly #options: TunOptions
  readonly #run: Run
  readonly #received: PacketBatch
  readonly #checksums: ChecksumCompleter
  readonly #counters = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 }
  readonly #drops = { 'pool-empty': 0, 'too-big': 0, 'tun-down': 0, malformed: 0, closed: 0 }
  #name: string
  #handler: TunHandler | undefined
  #backlogPackets = 0
  #closing: Promise<void> | undefined

  constructor(device: Tuntap2Device, options: TunOptions & { readonly mtuBytes: number }, run: Run) {
    this.#device = device
    this.#name = device.name
    this.#options = options
    this.#run = run
    this.#received = options.pool.createBatch(1)
    this.#checksums = new ChecksumCompleter(options.pool.arena)
    this.mtuBytes = options.mtuBytes
    device.on('error', (error) => void this.#close(error))
  }

  get name(): string {
    return this.#name
  }

  async rename(name: string): Promise<void> {
    const failure = await this.#run(['ip', 'link', 'set', 'dev', this.#name, 'name', name])
    if (failure !== undefined) {
      await this.close()
      throw new TunError('MP_TUN_NAME', `cannot rename ${this.#name} to ${name}: ${failure}`)
    }
    this.#name = name
  }

  start(handler: TunHandler): void {
    if (this.#handler !== undefined) throw new Error('start was called before: it is called once')
    this.#handler = handler
    this.#device.on('data', (packet) => this.#receive(packet))
  }

  write(batch: PacketBatch): number {
    let row = 0
    while (row < batch.count && this.#backlogPackets < BACKLOG_PACKETS) this.#writeRow(batch, row++)
    batch.dropFront(row)
    return row
  }

  stats(): TunStats {
    return { ...this.#counters, drops: { ...this.#drops } }
  }

  close(): Promise<void> {
    return this.#close()
  }

  #receive(packet: Uint8Array): void {
    if (this.#closing !== undefined) {
      this.#drops.closed++
      return
    }
    const { pool } = this.#options
    const fits = packet.length <= pool.packetBytes
    const slot = fits ? pool.acquire() : -1
    if (slot < 0) {
      this.#drops[fits ? 'pool-empty' : 'too-big']++
      return
    }
    const offset = pool.offsetOf(slot)
    pool.arena.set(packet, offset)
    this.#received.push(slot, offset, packet.length)
    this.#counters.rxPackets++
    this.#counters.rxBytes += packet.length
    this.#handler?.onPackets(this.#received)
    this.#received.count = 0
  }

  #writeRow(batch: PacketBatch, row: number): void {
    const { pool } = this.#options
    const offset = batch.offset[row]!
    const length = batch.length[row]!
    const isPartial = (batch.flags[row]! & FLAG_PARTIAL_CHECKSUM) !== 0
    const isWhole = !isPartial || this.#checksums.complete(offset, length)
    const packet = pool.arena.slice(offset, offset + length)
    pool.release(batch.slot[row]!)
    if (!isWhole) {
      this.#drops.malformed++
      return
    }
    if (this.#closing !== undefined) {
      this.#drops.closed++
      return
    }
    this.#backlogPackets++
    this.#count(1, packet.length)
    this.#device.write(packet, undefined, (error) => {
      this.#backlogPackets--
      if (!error) return
      this.#count(-1, -packet.length)
      this.#drops[error.code === 'EINVAL' ? 'malformed' : 'tun-down']++
    })
  }

  #count(packets: number, bytes: number): void {
    this.#counters.txPackets += packets
    this.#counters.txBytes += bytes
  }

  #close(cause?: Error): Promise<void> {
    // Begun later, since deleting the interface makes the device report an error, which comes here again.
    this.#closing ??= Promise.resolve().then(() => this.#end(cause))
    return this.#closing
  }

  async #end(cause?: Error): Promise<void> {
    await this.#run(['ip', 'link', 'delete', 'dev', this.#name])
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RELEASE_TIMEOUT_MS)
      this.#device.release(() => {
        clearTimeout(timer)
        resolve()
      })
    })
    this.#handler?.onClose(cause)
  }
}
