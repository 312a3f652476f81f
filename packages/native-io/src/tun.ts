import type { PacketBatch, PacketPool, TunDevice, TunHandler, TunStats } from '@mp/interface'
import type { Binding, TunConfig } from './binding.ts'
import { Endpoint } from './endpoint.ts'
import { checkRange, opening, tunAdvice } from './errors.ts'
import { COUNTER, OFFLOAD, STATE_OFFLOADS } from './layout.ts'
import { tellOffloadLoss } from './offload-loss.ts'

/** What a device does for us; Linux only. Absent means wanted. */
export interface TunOffloads {
  /** Checksums may be left to the system, which finishes them where a packet leaves the machine, if at all. */
  readonly checksum?: boolean
  /** Up to 64 KiB of one TCP flow are read at once, and cut here. Takes `checksum`. */
  readonly tso?: boolean
  /** The same for UDP, since Linux 6.2. Takes `checksum`. */
  readonly uso?: boolean
  /** Packets of one flow that follow each other are written at once. */
  readonly coalesce?: boolean
}

/** What a device does for us now. */
export interface TunOffloadsInUse extends Required<TunOffloads> {
  /** What was found wrong with one that was wished for and is off, in a test at start or since. */
  readonly reason?: string
}

/** Wishes for a TUN device. */
export interface NativeTunOptions {
  /** Where packets read go and packets written come from. */
  readonly pool: PacketPool
  /** Name of the interface, at most 15 bytes. Default: the system chooses. On Darwin `utun` and a number. */
  readonly name?: string
  /** Largest IP packet, bytes, up to what a slot of the pool holds. Default 1500. */
  readonly mtuBytes?: number
  /** Most packets handed over in one call, 1…1024. Default 256. */
  readonly batchSize?: number
  /** Opens one of several queues of the device, Linux only: more with the same name share its traffic by flow. Default false. */
  readonly multiQueue?: boolean
  /** Which offloads to use, of those that the kernel has. Default: all. */
  readonly offload?: TunOffloads
  /**
   * Packets may be handed over with a checksum that is begun only (FLAG_PARTIAL_CHECKSUM of `@mp/wire`), for who carries
   * them over something that protects them. Default false: checksums are whole.
   */
  readonly partialChecksums?: boolean
}

/** A device, and what it does for us. */
export interface NativeTun extends TunDevice {
  /** The offloads that act now: of those wanted, what the kernel has, less what it turned out not to do right. */
  offloads(): TunOffloadsInUse
}

/** Four super-packets of the usual segments. */
const DEFAULT_BATCH = 256
const MAX_BATCH = 1024
const DEFAULT_MTU_BYTES = 1500
/** Least that IPv4 asks of a link. */
const MIN_MTU_BYTES = 68
const MAX_NAME_BYTES = 15

class Tun implements NativeTun {
  readonly backend = 'native'
  readonly name: string
  readonly mtuBytes: number
  readonly #endpoint: Endpoint
  #offloadReason: string | undefined
  /** Those that acted when it was last looked. */
  #offloadBits: number

  constructor(binding: Binding, options: NativeTunOptions) {
    const { pool, name = '', mtuBytes = DEFAULT_MTU_BYTES, batchSize = DEFAULT_BATCH } = options
    checkRange('batchSize', batchSize, [1, MAX_BATCH])
    checkRange('mtuBytes', mtuBytes, [MIN_MTU_BYTES, pool.packetBytes])
    checkRange('length of name', Buffer.byteLength(name), [0, MAX_NAME_BYTES])
    let config: TunConfig | undefined
    this.mtuBytes = mtuBytes
    this.#endpoint = new Endpoint({
      binding,
      pool,
      batchSize,
      reserveBytes: pool.tailroomBytes,
      open: (memory) => {
        config = {
          ...memory,
          name,
          mtuBytes,
          multiQueue: options.multiQueue === true ? 1 : 0,
          offloads: bitsOf(options.offload ?? {}),
          partialChecksums: options.partialChecksums === true ? 1 : 0,
        }
        const complete = config
        return opening(`TUN device ${name || '(any name)'}`, tunAdvice, () => binding.openTun(complete))
      },
    })
    this.name = config!.name
    this.#offloadReason = config!.offloadReason
    this.#offloadBits = this.#endpoint.state[STATE_OFFLOADS] = config!.offloads
  }

  offloads(): TunOffloadsInUse {
    const bits = this.#endpoint.state[STATE_OFFLOADS]!
    return {
      checksum: (bits & OFFLOAD.checksum) !== 0,
      tso: (bits & OFFLOAD.tso) !== 0,
      uso: (bits & OFFLOAD.uso) !== 0,
      coalesce: (bits & OFFLOAD.coalesce) !== 0,
      ...(this.#offloadReason !== undefined && { reason: this.#offloadReason }),
    }
  }

  start(handler: TunHandler): void {
    this.#endpoint.start({
      onBatch: (batch) => {
        this.#watchOffloads()
        handler.onPackets(batch)
      },
      onWritable: () => {},
      onUnreachable: () => {},
      onClose: (error) => handler.onClose(error),
    })
  }

  write(batch: PacketBatch): number {
    const taken = this.#endpoint.send(batch)
    this.#watchOffloads()
    return taken
  }

  /** The addon gives up what turns out not to work. To look costs a comparison for each batch. */
  #watchOffloads(): void {
    const bits = this.#endpoint.state[STATE_OFFLOADS]!
    if (bits === this.#offloadBits) return
    const lost = this.#offloadBits & ~bits
    this.#offloadBits = bits
    const reason =
      (lost & OFFLOAD.coalesce) !== 0
        ? 'it did not take packets that were joined'
        : 'one packet could not be cut'
    this.#offloadReason = reason
    tellOffloadLoss({ of: `TUN device ${this.name}`, offloads: namesOf(lost), reason })
  }

  stats(): TunStats {
    const { counters } = this.#endpoint
    return {
      rxPackets: counters[COUNTER.rxPackets]!,
      rxBytes: counters[COUNTER.rxBytes]!,
      txPackets: counters[COUNTER.txPackets]!,
      txBytes: counters[COUNTER.txBytes]!,
      drops: {
        'pool-empty': counters[COUNTER.poolEmpty]!,
        'too-big': counters[COUNTER.tooBig]!,
        'tun-down': counters[COUNTER.tunDown]!,
        malformed: counters[COUNTER.malformed]!,
        'outside-arena': counters[COUNTER.outsideArena]!,
        closed: counters[COUNTER.closed]!,
      },
    }
  }

  close(): Promise<void> {
    return this.#endpoint.close()
  }
}

const NAMES = Object.keys(OFFLOAD) as (keyof TunOffloads)[]

function bitsOf(offload: TunOffloads): number {
  return NAMES.reduce((bits, name) => (offload[name] === false ? bits : bits | OFFLOAD[name]), 0)
}

function namesOf(bits: number): string[] {
  return NAMES.filter((name) => (bits & OFFLOAD[name]) !== 0)
}

/** Opens a TUN device. Throws RangeError for wrong options, else {@link NativeIoError}. */
export function openTun(binding: Binding, options: NativeTunOptions): NativeTun {
  return new Tun(binding, options)
}
