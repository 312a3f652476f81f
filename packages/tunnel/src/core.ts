import type {
  Fragmenter,
  Listener,
  PacketBatch,
  PacketPool,
  Runtime,
  Scheduler,
  TunDevice,
} from '@mp/interface'
import { ProberManager } from '@mp/prober'
import type { ProberOptions } from '@mp/prober'
import { Driver } from './driver.ts'
import { DropCounter } from './drop-counter.ts'
import type { TunnelEvent } from './events.ts'
import type { TunnelPath } from './path.ts'
import { Session } from './session.ts'
import type { SessionOptions } from './session.ts'
import type { TunnelStats } from './stats.ts'

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
  /** Packets handled at once, ≥ 1. Default 128. */
  readonly batchSize?: number
  /** Called after the state has changed. Must not throw: that ends as an uncaught exception. */
  readonly onEvent?: (event: TunnelEvent) => void
  /** The TUN is gone though nobody closed it: the tunnel is of no use any more. */
  readonly onTunClose?: (error?: Error) => void
}

const DEFAULT_BATCH_SIZE = 128
const MAX_INDEX = 0xff_ffff

/** What client and server share: the TUN at one side of every session, clock and probers under all of them. */
export class TunnelCore {
  readonly batchSize: number
  readonly drops: DropCounter
  readonly driver: Driver
  readonly #options: TunnelOptions
  readonly #probers: ProberManager<TunnelPath>
  readonly #word: Uint32Array = new Uint32Array(1)
  readonly #wordBytes: Uint8Array = new Uint8Array(this.#word.buffer)
  #closed = false

  constructor(options: TunnelOptions) {
    this.#options = options
    this.batchSize = options.batchSize ?? DEFAULT_BATCH_SIZE
    this.drops = new DropCounter(options.pool)
    this.driver = new Driver(options.runtime)
    this.#probers = new ProberManager({
      onTransmit: (path, probe) => path.owner.sendProbe(path, probe),
      onEvent: (path, event) => path.owner.handleProberEvent(path, event),
      onError: (_path, error) => this.#fail(error),
    })
    this.driver.add(this.#probers)
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
        this.driver.rearm()
      },
      onClose: (error) => {
        if (!this.#closed) this.#options.onTunClose?.(error)
      },
    })
  }

  createSession(
    wishes: Pick<SessionOptions, 'role' | 'onHandshake' | 'onPeerClose' | 'onPathChange'>,
  ): Session {
    const { pool, createScheduler, createFragmenter, prober } = this.#options
    const fragmenter = createFragmenter()
    this.driver.add(fragmenter)
    return new Session({
      ...wishes,
      pool,
      fragmenter,
      scheduler: createScheduler(),
      probers: this.#probers,
      // Nothing paces the sender yet, so the queue in front of a path is our own doing and no fault of the path.
      proberOptions: { delayLimitMs: Infinity, ...prober, nextNonce: () => this.randomWord() },
      localIndex: this.#randomIndex(),
      batchSize: this.batchSize,
      totalDrops: this.drops,
      nowMs: () => this.nowMs(),
      deliver: (packets) => this.#deliver(packets),
      onEvent: (event) => this.emit(event),
      onError: (error) => this.#fail(error),
    })
  }

  /** Ends a session; its counts stay in the total. */
  closeSession(session: Session, why: { readonly tellPeer: boolean; readonly reason: string }): void {
    session.close(why.tellPeer)
    this.driver.remove(session.fragmenter)
    this.emit({ type: 'closed', atMs: this.nowMs(), reason: why.reason })
  }

  /** 32 random bits. */
  randomWord(): number {
    this.#options.runtime.randomBytes(this.#wordBytes)
    return this.#word[0]!
  }

  /** 0 ≤ x < 1. */
  random(): number {
    return this.randomWord() / 2 ** 32
  }

  stats(session: Session | undefined, listeners: readonly Listener[] = []): TunnelStats {
    // The session first: what it finds out only when asked is in the total then.
    const stats = session?.stats()
    return {
      session: stats,
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

  #deliver(packets: PacketBatch): void {
    this.#options.tun.write(packets)
    this.drops.dropAll(packets, 'tun-full')
  }

  /** What is thrown where nobody can handle it is a bug. It ends as an uncaught exception, not in silence. */
  #fail(error: unknown): void {
    this.#options.runtime.setTimer(this.nowMs(), () => {
      throw error
    })
  }

  #randomIndex(): number {
    const index = this.randomWord() & MAX_INDEX
    return index === 0 ? this.#randomIndex() : index
  }
}
