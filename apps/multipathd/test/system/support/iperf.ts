import type { Namespace } from '@mp/netlab'

export interface IperfOptions {
  /** Address of the server. */
  readonly to: string
  /** The server sends. */
  readonly reverse?: boolean
  /** Packets of UDP instead of a TCP stream. */
  readonly udp?: boolean
  /** Length of each of them, bytes. Default 1200. */
  readonly lengthBytes?: number
  /** Default: as fast as it goes, for UDP 1. */
  readonly mbit?: number
}

/** A transfer of one second; answers what arrived, Mbit/s. */
export async function iperf(
  { client, server }: { readonly client: Namespace; readonly server: Namespace },
  { to, reverse = false, udp = false, lengthBytes = 1200, mbit }: IperfOptions,
): Promise<number> {
  const listener = server.spawn('iperf3', ['--server', '--one-off', '--forceflush'])
  await listener.waitFor(/listening/)
  const options = [
    ...(reverse ? ['--reverse'] : []),
    ...(udp ? ['--udp', '--length', String(lengthBytes)] : []),
    ...(mbit === undefined ? [] : ['--bitrate', `${mbit}M`]),
  ]
  const started = client.exec('iperf3', ['--client', to, '--time', '1', '--json', ...options], {
    timeoutMs: 8000,
  })
  const { stdout, stderr } = await started
  await listener.kill()
  interface Rate {
    readonly bits_per_second: number
  }
  interface Report {
    readonly error?: string
    readonly end: { readonly sum_received?: Rate; readonly sum?: Rate }
  }
  const { error, end } = JSON.parse(stdout || '{}') as Partial<Report>
  const rate = end?.sum_received ?? end?.sum
  if (error !== undefined || rate === undefined) throw new Error(`iperf3 failed: ${error ?? stderr}`)
  return rate.bits_per_second / 1e6
}
