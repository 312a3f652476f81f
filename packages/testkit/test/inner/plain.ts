import { Mempool } from '@mp/mempool'
import {
  Bbr,
  Cubic,
  InnerHost,
  InnerWire,
  QuicReceiver,
  QuicSender,
  simRuntime,
  TcpReceiver,
  TcpSender,
} from '../../src/index.ts'
import type {
  LineOptions,
  QuicSenderStats,
  SimRuntime,
  TcpReceiverStats,
  TcpSenderStats,
} from '../../src/index.ts'

export const A = '10.1.0.1'
export const B = '10.1.0.2'
const PORTS = { port: 5001, sourcePort: 45_001 }

/** Two hosts with a plain line between them. */
export interface Plain {
  readonly runtime: SimRuntime
  readonly pool: Mempool
  readonly a: InnerHost
  readonly b: InnerHost
  readonly wire: InnerWire
}

export function plain(line: LineOptions, seed = 1): Plain {
  const runtime = simRuntime({ seed, maxTimers: 1e9 })
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 16_384 }] })
  const a = new InnerHost({ runtime, pool, address: A })
  const b = new InnerHost({ runtime, pool, address: B })
  const { loss: _, ...back } = line
  return { runtime, pool, a, b, wire: new InnerWire({ runtime, pool, a, b, ab: line, ba: back, seed }) }
}

/** What became of a flow over a plain line. */
export interface Outcome<Stats> {
  /** Payload per second after the first, bit/s. */
  readonly goodputBps: number
  readonly sender: Stats
  /** Mean window in the second half. */
  readonly meanCwndPackets: number
}

/** Runs one TCP flow for so many seconds. */
export function tcpOver(
  line: LineOptions,
  options: { readonly flow?: 'cubic' | 'bbr'; readonly seconds?: number; readonly seed?: number },
): Outcome<TcpSenderStats> & { readonly receiver: TcpReceiverStats } {
  const { flow = 'cubic', seconds = 10, seed = 1 } = options
  const world = plain(line, seed)
  const meter = { bytes: 0 }
  const onDelivered = (bytes: number): void => void (meter.bytes += bytes)
  const receiver = new TcpReceiver(world.b, PORTS.port, { windowBytes: 6e6, onDelivered })
  receiver.listen()
  const control = flow === 'cubic' ? new Cubic() : new Bbr()
  const sender = new TcpSender(world.a, { to: B, ...PORTS, control })
  const outcome = watch(world, sender, { seconds, meter })
  return { ...outcome, sender: sender.stats(), receiver: receiver.stats() }
}

/** Runs one QUIC-like flow for so many seconds. */
export function quicOver(line: LineOptions, seconds = 10): Outcome<QuicSenderStats> {
  const world = plain(line)
  const meter = { bytes: 0 }
  const onDelivered = (bytes: number): void => void (meter.bytes += bytes)
  new QuicReceiver(world.b, { from: A, port: PORTS.port, onDelivered }).listen()
  const sender = new QuicSender(world.a, { to: B, ...PORTS, control: new Bbr() })
  return { ...watch(world, sender, { seconds, meter }), sender: sender.stats() }
}

interface Watched {
  start(): void
  stats(): { readonly cwndPackets: number }
}

function watch(
  world: Plain,
  sender: Watched,
  { seconds, meter }: { seconds: number; meter: { bytes: number } },
) {
  sender.start()
  world.runtime.runFor(1000)
  const before = meter.bytes
  const steps = (seconds - 1) * 100
  let cwnd = 0
  for (let step = 0; step < steps; step++) {
    world.runtime.runFor(10)
    if (step >= steps / 2) cwnd += sender.stats().cwndPackets
  }
  return { goodputBps: ((meter.bytes - before) * 8) / (seconds - 1), meanCwndPackets: cwnd / (steps / 2) }
}
