import type {
  FrameStream,
  FrameStreamHandler,
  FrameStreamStats,
  PacketBatch,
  PacketPool,
} from '@mp/interface'
import { explainFault } from '@mp/runtime-node'
import { parseAddress } from './address.ts'
import type { Binding, TcpEnds } from './binding.ts'
import { Endpoint } from './endpoint.ts'
import { NativeIoError, checkRange, errorName, opening } from './errors.ts'
import { COUNTER, STATE, STATE_BACKLOG } from './layout.ts'

/** What all streams of a program are made with. */
export interface NativeStreamOptions {
  /** Where received frames go and sent ones come from. */
  readonly pool: PacketPool
  /** Most frames handed over in one call, 1…511. Default 128. */
  readonly batchSize?: number
  /** Largest frame, bytes, 1…65 535. Default 65 535. */
  readonly maxFrameBytes?: number
}

/** Where a stream leads to. */
export interface NativeConnectOptions extends NativeStreamOptions {
  /** `ip:port` or `[ip]:port`. */
  readonly remote: string
  /** IP address to leave from. Default: the system chooses. */
  readonly localAddress?: string
  /** Network interface to use, whatever the routing table says. */
  readonly device?: string
  /** Mark of the packets, for routing rules and firewalls, 1…2^32-1. Linux only, privileged. Default: none. */
  readonly mark?: number
  /** Ends an attempt that takes too long. */
  readonly signal?: AbortSignal
}

const DEFAULT_BATCH = 128
/** A system call takes 1024 parts, and a frame has two. */
const MAX_BATCH = 511
/** Slots for a look at a stream that hears little. */
const IDLE_ROWS = 32
const MAX_FRAME_BYTES = 65_535
/** What the addon calls the end of a stream. */
const END_OF_STREAM = 'EOF'

type Target = Omit<NativeConnectOptions, keyof NativeStreamOptions | 'signal'> | { readonly fd: number }

/** A connection, made or in the making. */
export class NativeStream implements FrameStream {
  localAddress = ''
  remoteAddress = ''
  readonly #binding: Binding
  readonly #endpoint: Endpoint
  readonly #nothing: PacketBatch
  readonly #onConnected: (error?: NativeIoError) => void
  #handler: FrameStreamHandler | undefined
  #isEnding = false

  /** `onConnected` is called once, later on. Throws as {@link connectStream} rejects. */
  constructor(
    binding: Binding,
    {
      target,
      options,
      onConnected,
    }: {
      readonly target: Target
      readonly options: NativeStreamOptions
      readonly onConnected: (error?: NativeIoError) => void
    },
  ) {
    const { pool } = options
    const { batchSize, maxFrameBytes } = checkedSizes(options)
    const config = { ...addressesOf(target), batchSize, maxFrameBytes }
    this.#binding = binding
    this.#nothing = pool.createBatch(1)
    this.#onConnected = onConnected
    this.#endpoint = new Endpoint({
      binding,
      pool,
      batchSize,
      reserveBytes: 0,
      idleRows: IDLE_ROWS,
      holdsSlots: false,
      open: (memory) =>
        opening(describe(target), streamAdvice, () => binding.connectTcp({ ...config, ...memory })),
      onConnected: () => this.#handleConnected(describe(target)),
    })
  }

  start(handler: FrameStreamHandler): void {
    this.#handler = handler
    this.#endpoint.start({
      onBatch: (batch) => handler.onFrames(batch),
      onWritable: () => this.#handleWritable(),
      onUnreachable: () => {},
      onClose: (error) => handler.onClose(isOrderly(error) ? undefined : error),
    })
  }

  send(batch: PacketBatch): number {
    return this.#endpoint.send(batch)
  }

  end(): void {
    if (this.#isEnding || this.#endpoint.closed) return
    this.#isEnding = true
    this.#binding.endTcp(this.#endpoint.handle)
  }

  destroy(): void {
    void this.#endpoint.close()
  }

  stats(): FrameStreamStats {
    const { counters, state } = this.#endpoint
    return {
      rxFrames: counters[COUNTER.rxPackets]!,
      rxBytes: counters[COUNTER.rxBytes]!,
      backlogBytes: this.#endpoint.closed ? 0 : state[STATE_BACKLOG]!,
      drops: {
        'pool-empty': counters[COUNTER.poolEmpty]!,
        'too-big': counters[COUNTER.tooBig]!,
        'bad-length': counters[COUNTER.malformed]!,
        'cut-off': counters[COUNTER.cutOff]!,
        'outside-arena': counters[COUNTER.outsideArena]!,
        closed: counters[COUNTER.closed]!,
      },
    }
  }

  /** The rest of a frame goes first; only then there is room for others. */
  #handleWritable(): void {
    this.#endpoint.send(this.#nothing)
    if (this.#endpoint.state[STATE.blocked] === 0 && !this.#isEnding) this.#handler?.onWritable()
  }

  #handleConnected(what: string): void {
    const ends: TcpEnds = { localAddress: '', remoteAddress: '' }
    const errno = this.#binding.tcpConnected(this.#endpoint.handle, ends)
    this.localAddress = ends.localAddress
    this.remoteAddress = ends.remoteAddress
    if (errno === 0) return this.#onConnected()
    this.destroy()
    const code = errorName(errno)
    this.#onConnected(
      new NativeIoError(
        code,
        'connect',
        `cannot open ${what}: connect failed with ${code}: ${streamAdvice(code)}`,
      ),
    )
  }
}

/** Connects once. Rejects with TypeError or RangeError for wrong options, else with {@link NativeIoError}. */
export function connectStream(binding: Binding, options: NativeConnectOptions): Promise<FrameStream> {
  return new Promise((resolve, reject) => {
    const { signal } = options
    signal?.throwIfAborted()
    const abort = (): void => {
      stream.destroy()
      reject(signal?.reason)
    }
    const stream = new NativeStream(binding, {
      target: options,
      options,
      onConnected: (error) => {
        signal?.removeEventListener('abort', abort)
        if (error === undefined) resolve(stream)
        else reject(error)
      },
    })
    signal?.addEventListener('abort', abort)
  })
}

/** The sizes, defaults filled in. Throws RangeError for one out of its range. */
export function checkedSizes({
  batchSize = DEFAULT_BATCH,
  maxFrameBytes = MAX_FRAME_BYTES,
}: NativeStreamOptions): Required<Omit<NativeStreamOptions, 'pool'>> {
  checkRange('batchSize', batchSize, [1, MAX_BATCH])
  checkRange('maxFrameBytes', maxFrameBytes, [1, MAX_FRAME_BYTES])
  return { batchSize, maxFrameBytes }
}

function addressesOf(target: Target) {
  const none = { fd: -1, remoteIp: '', remotePort: 0, localPort: 0, mark: 0 }
  if ('fd' in target) return { ...none, fd: target.fd }
  const { remote, localAddress, device, mark } = target
  const { host, port } = parseAddress(remote)
  checkRange('port of remote', port, [1, 65_535])
  if (device !== undefined) checkRange('length of device', Buffer.byteLength(device), [1, 15])
  if (mark !== undefined) checkRange('mark', mark, [1, 0xffff_ffff])
  return {
    ...none,
    remoteIp: host,
    remotePort: port,
    ...(localAddress !== undefined && { localIp: localAddress }),
    ...(device !== undefined && { device }),
    mark: (mark ?? 0) | 0,
  }
}

function describe(target: Target): string {
  if ('fd' in target) return 'a TCP connection that came in'
  const { remote, localAddress, device } = target
  const from = localAddress === undefined ? '' : ` from ${localAddress}`
  return `TCP connection${from} to ${remote}${device === undefined ? '' : ` on interface ${device}`}`
}

/** What to do when a connection or a listener cannot be opened for the reason `code`, as in errno. */
export const streamAdvice = (code: string): string => explainFault({ code }).advice

function isOrderly(error: Error | undefined): boolean {
  return error instanceof NativeIoError && error.code === END_OF_STREAM
}
