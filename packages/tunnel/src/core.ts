import type {
  ClassModes,
  Fragmenter,
  Link,
  Listener,
  PacketBatch,
  PacketPool,
  Runtime,
  Scheduler,
  TunDevice,
} from '@mp/interface'
import { ProberManager } from '@mp/prober'
import type { ProberOptions } from '@mp/prober'
import { SealedPlaces } from './bonding/sealed-places.ts'
import { Driver } from './driver.ts'
import { DropCounter } from './drop-counter.ts'
import type { TunnelEvent } from './events.ts'
import { plainGuard } from './frame-guard.ts'
import type { TunnelPath } from './path.ts'
import { Scratch } from './scratch.ts'
import { SealedGuard } from './sealed-guard.ts'
import type { Security } from './security.ts'
import { Session } from './session.ts'
import type { SessionOptions } from './session-options.ts'
import type { TunnelStats } from './stats.ts'
import type { TraceSwitch } from './trace.ts'
import { Upkeep } from './upkeep.ts'

/** What both ends of a tunnel are made of. Everything real comes in here. */
export interface TunnelOptions {
  readonly runtime: Runtime
  readonly pool: PacketPool
  /** Closed by the tunnel when it is closed. */
  readonly tun: TunDevice
  /** Makes the scheduler of a session. */
  readonly createScheduler: () => Scheduler<TunnelPath>
  /** Makes the fragmenter of a session, over the same pool. */
  readonly createFragmenter: () => Fragmenter
  /** How paths are probed; see `@mp/prober`. Default: its own, but for `delayLimitMs`, which is Infinity. */
  readonly prober?: Omit<ProberOptions, 'nextNonce' | 'estimator'>
  /**
   * Paths are shared by what they carry, measured all the time: packets are paced, lost ones sent again, order is
   * restored. Both sides should agree. Default false: paths are shared by what the scheduler says, and nothing waits.
   */
  readonly isAdaptive?: boolean
  /** What paths are used for, for each class of traffic. Default: as the scheduler likes. A server follows its clients. */
  readonly modes?: ClassModes
  /** Lowers the MSS that TCP announces, both ways, so that its segments pass the tunnel whole. Default true. */
  readonly clampMss?: boolean
  /**
   * Cuts every packet that no path takes whole; the other end joins it again. Otherwise those that must not be fragmented
   * (IPv6, IPv4 with DF) are answered with "packet too big" and dropped. Default true.
   */
  readonly fragment?: boolean
  /** Packets handled at once, ≥ 1. Default 128. */
  readonly batchSize?: number
  /** Who wants to see what the tunnel does, while it runs. */
  readonly trace?: TraceSwitch
  /** Called after the state has changed. Must not throw: that ends as an uncaught exception. */
  readonly onEvent?: (event: TunnelEvent) => void
  /** The TUN is gone though nobody closed it: the tunnel is of no use any more. */
  readonly onTunClose?: (error?: Error) => void
}

/** Looks at a packet in the arena and says why it must not come out of the tunnel, if so. */
export type Refuse = (offset: number, lengthBytes: number) => string | undefined

/** What differs between sessions. */
export interface SessionWishes extends Pick<
  SessionOptions,
  'role' | 'peer' | 'localIndex' | 'deliver' | 'onHandshake' | 'onPeerClose' | 'onPathChange'
> {
  /** Absent: nothing is encrypted. */
  readonly security: Security | undefined
  /** The session needs new keys soon. */
  readonly onKeysWanted: () => void
  /** The session has no keys to go on with. */
  readonly onKeysGone: (reason: string) => void
}

const DEFAULT_BATCH_SIZE = 128
const MAX_INDEX = 0xff_ffff
/** Random words taken at once: asking the system costs as much for one as for all of them. */
const RANDOM_WORDS = 256

/** What client and server share: the TUN at one side of every session, clock and probers under all of them. */
export class TunnelCore {
  readonly batchSize: number
  readonly drops: DropCounter
  readonly driver: Driver
  readonly #options: TunnelOptions
  readonly #probers: ProberManager<TunnelPath>
  readonly #scratch: Scratch
  readonly #places: SealedPlaces
  readonly #upkeep = new Upkeep()
  readonly #owners = new WeakMap<Link, Session>()
  readonly #words: Uint32Array = new Uint32Array(RANDOM_WORDS)
  readonly #wordBytes: Uint8Array = new Uint8Array(this.#words.buffer)
  #wordsUsed = RANDOM_WORDS
  #modes: ClassModes | undefined
  #closed = false

  constructor(options: TunnelOptions) {
    this.#options = options
    this.#modes = options.modes
    this.batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE
    this.drops = new DropCounter(options.pool)
    this.#scratch = new Scratch(options.pool, this.batchSize)
    this.#places = new SealedPlaces(options.pool)
    this.driver = new Driver(options.runtime)
    this.#probers = new ProberManager({
      onTransmit: (path, probe) => path.owner.sendProbe(path, probe),
      onEvent: (path, event) => path.owner.handleProberEvent(path, event),
      onError: (_path, error) => this.#fail(error),
    })
    this.driver.add(this.#probers)
    this.driver.add(this.#upkeep)
  }

  nowMs(): number {
    return this.#options.runtime.nowMs()
  }

  emit(event: TunnelEvent): void {
    this.#options.onEvent?.(event)
  }

  /** Begins to read the TUN; `send` takes what it reads and empties the batch. */
  start(send: (packets: PacketBatch, nowMs: number) => void): void {
    this.#options.tun.start({
      onPackets: (packets) => {
        send(packets, this.nowMs())
        this.handleTraffic()
      },
      onClose: (error) => {
        if (!this.#closed) this.#options.onTunClose?.(error)
      },
    })
  }

  /** Packets went out or frames came: that changes when probers and sessions want to be woken. Who else changes says so. */
  handleTraffic(): void {
    this.driver.wakeBy(Math.min(this.#probers.pollTimeout(), this.#upkeep.pollTimeout()))
  }

  /** The session that has or had `link` under one of its paths. */
  ownerOf(link: Link): Session | undefined {
    return this.#owners.get(link)
  }

  /** Makes a session; without `security` nothing in it is encrypted. */
  createSession({ security, onKeysWanted, onKeysGone, ...wishes }: SessionWishes): Session {
    const { pool, tun, createScheduler, createFragmenter, prober } = this.#options
    const fragmenter = createFragmenter()
    const guard =
      security === undefined
        ? plainGuard
        : new SealedGuard({ role: wishes.role, aeadOf: security.aeadOf, onKeysWanted, onKeysGone })
    const session: Session = new Session({
      ...wishes,
      pool,
      guard,
      fragmenter,
      scheduler: createScheduler(),
      probers: this.#probers,
      // Nothing paces the sender yet, so the queue in front of a path is our own doing and no fault of the path.
      proberOptions: { delayLimitMs: Infinity, ...prober, nextNonce: () => this.randomWord() },
      scratch: this.#scratch,
      owners: this.#owners,
      batchSize: this.batchSize,
      places: this.#places,
      isAdaptive: this.#options.isAdaptive ?? false,
      modes: this.#modes,
      tunMtuBytes: tun.mtuBytes,
      clampsMss: this.#options.clampMss ?? true,
      cutsAll: this.#options.fragment ?? true,
      totalDrops: this.drops,
      trace: this.#options.trace,
      nowMs: () => this.nowMs(),
      randomBytes: (into) => this.#options.runtime.randomBytes(into),
      onEvent: (event) => this.emit(event),
      onError: (error) => this.#fail(error),
      onTouched: () => this.#upkeep.update(session),
    })
    this.#upkeep.update(session)
    return session
  }

  /** Uses paths in another way from now on, in `sessions` and in those that follow. */
  setModes(modes: ClassModes, sessions: readonly Session[]): void {
    this.#modes = modes
    for (const session of sessions) session.setModes(modes)
  }

  /** Ends a session; its counts stay in the total. */
  closeSession(session: Session, why: { readonly tellPeer: boolean; readonly reason: string }): void {
    session.close(why.tellPeer)
    this.#upkeep.remove(session)
    this.emit({ type: 'closed', atMs: this.nowMs(), peer: session.peer, reason: why.reason })
  }

  /** 32 random bits. */
  randomWord(): number {
    if (this.#wordsUsed === RANDOM_WORDS) {
      this.#options.runtime.randomBytes(this.#wordBytes)
      this.#wordsUsed = 0
    }
    return this.#words[this.#wordsUsed++]!
  }

  /** An index to know a session by, 1…2^24-1. */
  randomIndex(): number {
    const index = this.randomWord() & MAX_INDEX
    return index === 0 ? this.randomIndex() : index
  }

  stats(sessions: readonly Session[], listeners: readonly Listener[] = []): TunnelStats {
    return {
      atMs: this.nowMs(),
      // First: what sessions find out only when asked is in the total then.
      sessions: sessions.map((session) => session.stats()),
      tun: this.#options.tun.stats(),
      listeners: listeners.map((listener) => listener.stats()),
      drops: this.drops.snapshot(),
      slotsInUse: this.#options.pool.inUse,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.driver.close()
    await this.#options.tun.close()
  }

  /**
   * Writes inner packets to the TUN and empties the batch, but for those that `refuse` refuses.
   */
  deliver(packets: PacketBatch, refuse?: Refuse): void {
    if (refuse !== undefined) this.#sieve(packets, refuse)
    if (packets.count > 0) this.#options.tun.write(packets)
    this.drops.dropAll(packets, 'tun-full')
  }

  /** What is thrown where nobody can handle it is a bug. It ends as an uncaught exception, not in silence. */
  #fail(error: unknown): void {
    this.#options.runtime.setTimer(this.nowMs(), () => {
      throw error
    })
  }

  #sieve(packets: PacketBatch, refuse: Refuse): void {
    let kept = 0
    for (let row = 0; row < packets.count; row++) {
      const fault = refuse(packets.offset[row]!, packets.length[row]!)
      if (fault !== undefined) this.drops.drop(packets.slot[row]!, fault)
      else if (kept++ !== row) packets.moveRow(row, kept - 1)
    }
    packets.count = kept
  }
}
