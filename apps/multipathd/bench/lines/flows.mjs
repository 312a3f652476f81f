import { readFileSync } from 'node:fs'

/** What is sent through the tunnel, by name: `receive` and `send` are commands of the traffic program. */
const streams = (flows, congestion) => ({
  receive: (port, seconds) => ['receive-tcp', port, flows, seconds],
  send: (to, port) => ['send-tcp', to, port, flows, congestion],
})

export const flows = {
  cubic: streams(1, 'cubic'),
  cubic4: streams(4, 'cubic'),
  bbr: streams(1, 'bbr'),
  quic: {
    receive: (port, seconds) => ['receive-quic', port, seconds],
    send: (to, port) => ['send-quic', to, port],
  },
}

/** Why a flow cannot be had here, or undefined. */
export function lackOf(flow) {
  const known = readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ')
  return flow !== 'bbr' || known.includes(flow) ? undefined : 'the kernel has no tcp_bbr (modprobe tcp_bbr)'
}

const PORT = 7100
/** Beyond the time of a transfer: until the first byte comes, and what is under way at the end. */
const SPARE_MS = 15_000
const PING_MS = 50

/** Clock of the programs and of this one, ms. */
export const clockMs = () => Number(process.hrtime.bigint() / 1000n) / 1000

/**
 * Has one flow run for `seconds`, and pings beside it from second `omit` on. `during(startMs)` runs meanwhile. Answers
 * what arrived, `{ firstMs, binMs, bytes }`, what `during` answered as `events`, and the round trips of the `pings`, ms, an
 * entry for each sent, undefined when it was lost.
 */
export async function transfer({ from, to, traffic }, flow, { seconds, omit, during }) {
  const timeoutMs = seconds * 1000 + SPARE_MS
  const start = (host, args) => host.spawn(traffic, args.map(String), { timeoutMs })
  const receiver = start(to.host, flow.receive(PORT, seconds))
  await receiver.waitFor(/ready/)
  const sender = start(from.host, flow.send(to.address, PORT))
  try {
    const pinged = ping(from.host, to.address, { omit, seconds })
    const happening = during(clockMs())
    const { code, stdout, stderr } = await receiver.exited
    if (code !== 0) throw new Error(`the receiver ended with ${code}: ${stderr}${sender.output().stderr}`)
    return { ...JSON.parse(stdout.split('\n')[1]), pings: await pinged, events: await happening }
  } finally {
    await sender.kill('SIGKILL')
  }
}

async function ping(host, address, { omit, seconds }) {
  await new Promise((resolve) => setTimeout(resolve, omit * 1000))
  const count = Math.floor(((seconds - omit) * 1000) / PING_MS) - 10
  const args = ['-n', '-i', PING_MS / 1000, '-c', count, '-W', 1, address]
  const { stdout } = await host.exec('ping', args.map(String), { timeoutMs: seconds * 1000 + SPARE_MS })
  const rtts = Array.from({ length: count })
  for (const [, number, ms] of stdout.matchAll(/icmp_seq=(\d+) .*time=([\d.]+)/g))
    rtts[number - 1] ??= Number(ms)
  return rtts
}
