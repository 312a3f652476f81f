import { Bbr, Cubic, Ping, PingTarget, QuicReceiver, QuicSender, TcpReceiver, TcpSender } from '@mp/testkit'
import type { InnerHost } from '@mp/testkit'
import { Rig, CLIENT_IP, SERVER_IP } from './rig.ts'
import type { LinkSpec, Traffic } from './scenario.ts'

/** What one run of traffic came to. */
export interface Measured {
  /** Payload delivered in order, without the first second. */
  readonly mbit: number
  /** Longest time without a byte, ms. */
  readonly gapMs: number
  readonly retransmits: number
  readonly timeouts: number
  /** Round trips of pings during the traffic, ms. */
  readonly pingP50Ms: number
  readonly pingP95Ms: number
  readonly lostPings: number
  /** Payload in each 100 ms, Mbit/s. */
  readonly series: readonly number[]
}

/** What all kinds of senders count. */
export interface FlowStats {
  readonly cwndPackets: number
  readonly rttMs: number
  readonly retransmits: number
  readonly timeouts: number
}

/** A look at a run. */
export interface Sample {
  readonly rig: Rig
  /** Since the traffic began. */
  readonly atMs: number
  /** Delivered since the last look, Mbit/s. */
  readonly mbit: number
  /** The first flow: its window, its round trip, and what it has sent again so far. */
  readonly flow: FlowStats
}

export interface RunOptions {
  readonly links: readonly LinkSpec[]
  readonly traffic: Traffic
  readonly seed: number
  /** Called every 100 ms of traffic. */
  readonly onSample?: (sample: Sample) => void
}

const SAMPLE_MS = 100
const FIRST_PORT = 5001
const SOURCE_PORTS = 40_000
const WINDOW_BYTES = 6_000_000
/** Bytes per 100 ms to Mbit/s. */
const MBIT = 8 / SAMPLE_MS / 1000

/** Counts what is delivered, and where nothing is. */
class Meter {
  bytes = 0
  gapMs = 0
  #lastMs: number

  constructor(nowMs: number) {
    this.#lastMs = nowMs
  }

  add(bytes: number, nowMs: number): void {
    this.bytes += bytes
    this.gapMs = Math.max(this.gapMs, nowMs - this.#lastMs)
    this.#lastMs = nowMs
  }
}

/** Runs traffic through a tunnel over `links`. */
export async function run({ links, traffic, seed, onSample }: RunOptions): Promise<Measured> {
  const rig = new Rig(links, seed)
  await rig.start()
  const meter = new Meter(rig.runtime.nowMs())
  const senders = startFlows(rig, traffic, meter)
  const ping = startPing(rig)
  rig.scheduleChanges()
  const series: number[] = []
  for (let atMs = SAMPLE_MS; atMs <= traffic.seconds * 1000; atMs += SAMPLE_MS) {
    const before = meter.bytes
    await rig.pass(SAMPLE_MS)
    series.push((meter.bytes - before) * MBIT)
    onSample?.({ rig, atMs, mbit: series.at(-1)!, flow: senders[0]!.stats() })
  }
  meter.add(0, rig.runtime.nowMs())
  const result = resultOf({ meter, senders, ping, series })
  await rig.close()
  return result
}

interface Sender {
  start(): void
  stats(): FlowStats
}

function startFlows(rig: Rig, { flow, flows, direction }: Traffic, meter: Meter): Sender[] {
  const server = { host: rig.server.host, ip: SERVER_IP }
  const client = { host: rig.client.host, ip: CLIENT_IP }
  const ends = direction === 'down' ? { from: server, to: client } : { from: client, to: server }
  const onDelivered = (bytes: number, nowMs: number): void => meter.add(bytes, nowMs)
  return Array.from({ length: flows }, (_, index) => {
    const port = FIRST_PORT + index
    const sender =
      flow === 'quic' ? quicFlow(ends, port, onDelivered) : tcpFlow(ends, port, { flow, onDelivered })
    sender.start()
    return sender
  })
}

interface Ends {
  readonly from: { readonly host: InnerHost; readonly ip: string }
  readonly to: { readonly host: InnerHost; readonly ip: string }
}

type OnDelivered = (bytes: number, nowMs: number) => void

function tcpFlow(
  { from, to }: Ends,
  port: number,
  options: { flow: 'cubic' | 'bbr'; onDelivered: OnDelivered },
): Sender {
  new TcpReceiver(to.host, port, { windowBytes: WINDOW_BYTES, onDelivered: options.onDelivered }).listen()
  const control = options.flow === 'cubic' ? new Cubic() : new Bbr()
  return new TcpSender(from.host, { to: to.ip, port, sourcePort: port + SOURCE_PORTS, control })
}

function quicFlow({ from, to }: Ends, port: number, onDelivered: OnDelivered): Sender {
  new QuicReceiver(to.host, { from: from.ip, port, onDelivered }).listen()
  return new QuicSender(from.host, { to: to.ip, port, sourcePort: port + SOURCE_PORTS, control: new Bbr() })
}

function startPing(rig: Rig): Ping {
  new PingTarget(rig.server.host).listen()
  const ping = new Ping(rig.client.host, { to: SERVER_IP })
  ping.start()
  return ping
}

interface Raw {
  readonly meter: Meter
  readonly senders: readonly Sender[]
  readonly ping: Ping
  readonly series: readonly number[]
}

/** Pings as late as this at the end of the run are not counted as lost, ms. */
const PING_GRACE = 10

function resultOf({ meter, senders, ping, series }: Raw): Measured {
  const counted = series.slice(1000 / SAMPLE_MS)
  const pings = ping.rttMs.slice(0, -PING_GRACE)
  const answered = pings.filter((rttMs) => rttMs < 1000).toSorted((a, b) => a - b)
  const total = (pick: (sender: Sender) => number): number =>
    senders.reduce((sum, sender) => sum + pick(sender), 0)
  return {
    mbit: counted.reduce((sum, mbit) => sum + mbit, 0) / counted.length,
    gapMs: meter.gapMs,
    retransmits: total((sender) => sender.stats().retransmits),
    timeouts: total((sender) => sender.stats().timeouts),
    pingP50Ms: quantile(answered, 0.5),
    pingP95Ms: quantile(answered, 0.95),
    lostPings: pings.length - answered.length,
    series,
  }
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
