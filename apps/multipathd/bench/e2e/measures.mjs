import { readFileSync } from 'node:fs'

/**
 * Ways to measure a rival that runs. Each answers figures by name; `better` says which way a figure is better, so that a
 * ratio can be read.
 */

const SINK_PORT = 7000
const ECHO_PORT = 7001
/** Share of the packets of a step that may be missing. */
const LOSS_LIMIT = 0.01
const STEP_MS = 100
/** Clock ticks per second of the times in /proc, the same on all Linux systems. */
const TICKS_PER_SECOND = 100

/**
 * Data one way and the other, and then packets that come alone, which take other ways through the code: so that the compiler
 * of Node is done before anything is measured.
 */
export async function warm(stage, rival, { warmSeconds, warmPings }) {
  const { client } = stage
  if (rival.client === undefined) return
  const args = ['--client', rival.to, '--time', String(warmSeconds)]
  await client.exec('iperf3', args, { timeoutMs: 20_000 })
  await client.exec('iperf3', [...args, '--reverse'], { timeoutMs: 20_000 })
  await ping(stage, rival, warmPings)
}

/** Goodput of TCP and what it costs. */
export function tcp({ flows }) {
  return async ({ client }, rival, { tcpSeconds }) => {
    const before = cpuSeconds(rival)
    const args = ['--client', rival.to, '--parallel', String(flows), '--time', String(tcpSeconds), '--json']
    const { end, error } = JSON.parse(
      (await client.exec('iperf3', args, { timeoutMs: 20_000 })).stdout || '{}',
    )
    if (end?.sum_received === undefined) throw new Error(`iperf3: ${error ?? 'no result'}`)
    const after = cpuSeconds(rival)
    const gigabytes = end.sum_received.bytes / 1e9
    return {
      'Gbit/s': end.sum_received.bits_per_second / 1e9,
      'CPU-s/GB client': (after.client - before.client) / gigabytes,
      'CPU-s/GB server': (after.server - before.server) / gigabytes,
    }
  }
}

/** Packets that arrive: at most at 1 % loss while the load grows, and of a flood. */
export function udp({ payloadBytes }) {
  return async (stage, rival, { rampSteps, firstPps, growth, floodMs }) => {
    const ramp = { steps: rampSteps, stepMs: STEP_MS, firstPps, growth }
    const flood = { steps: 1, stepMs: floodMs, firstPps: 0, growth: 1 }
    const lossless = (await sendLoad(stage, rival, { payloadBytes, ...ramp }))
      .filter(({ sent, received }) => received >= sent * (1 - LOSS_LIMIT))
      .map(({ received }) => received)
    const [flooded] = await sendLoad(stage, rival, { payloadBytes, ...flood })
    return {
      'kpps <= 1 % loss': Math.max(0, ...lossless) / STEP_MS,
      'kpps of a flood': flooded.received / floodMs,
    }
  }
}

async function sendLoad(
  { client, server, traffic },
  { to },
  { payloadBytes, steps, stepMs, firstPps, growth },
) {
  const sink = server.spawn(traffic, ['sink', String(SINK_PORT)], { timeoutMs: 20_000 })
  try {
    await sink.waitFor(/ready/)
    const args = ['send', to, SINK_PORT, payloadBytes, steps, stepMs, firstPps, growth]
    const { sent } = JSON.parse(await client.run(traffic, args.map(String)))
    // It ends when nothing has come for a while.
    const { received } = JSON.parse((await sink.exited).stdout.split('\n')[1] || '{"received":[]}')
    return sent.map((packets, step) => ({ sent: packets, received: received[step] ?? 0 }))
  } finally {
    await sink.kill('SIGKILL')
  }
}

/** The time a small packet takes there and back on an idle line, sent every millisecond. */
export function roundTrip() {
  return async (stage, rival, { pings }) => {
    const { p50Us, p99Us } = await ping(stage, rival, pings)
    return { 'RTT p50 µs': p50Us, 'RTT p99 µs': p99Us }
  }
}

async function ping({ client, server, traffic }, { to }, pings) {
  const echo = server.spawn(traffic, ['echo', String(ECHO_PORT)])
  try {
    await echo.waitFor(/ready/)
    return JSON.parse(await client.run(traffic, ['ping', to, String(ECHO_PORT), String(pings)]))
  } finally {
    await echo.kill('SIGKILL')
  }
}

/** Processor time that both sides have used so far, seconds. */
function cpuSeconds({ client, server }) {
  return { client: cpuOf(client), server: cpuOf(server) }
}

function cpuOf(running) {
  if (running === undefined) return 0
  // The name in brackets may hold blanks; the numbers behind it do not.
  const numbers = readFileSync(`/proc/${running.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(numbers[11]) + Number(numbers[12])) / TICKS_PER_SECOND
}
