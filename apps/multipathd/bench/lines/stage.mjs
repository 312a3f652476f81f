import { createLab } from '@mp/netlab'

/** Large enough for one flow over the longest lines. */
const TCP_BUFFER = '4096 131072 33554432'

/** Two hosts and the lines of a scenario. Line i (from 1) leads from 10.77.i.1 to 10.77.i.2. */
export async function createStage({ lines }) {
  const lab = await createLab()
  try {
    const client = await lab.namespace('client')
    const server = await lab.namespace('server')
    for (const host of [client, server]) {
      for (const side of ['rmem', 'wmem']) await host.setSysctl(`net/ipv4/tcp_${side}`, TCP_BUFFER)
      // A flow must not know what the one before it found out.
      await host.setSysctl('net/ipv4/tcp_no_metrics_save', '1')
    }
    const drawn = []
    for (const [index, { profile, up }] of lines.entries()) {
      const net = `10.77.${index + 1}`
      const ends = { aAddress: `${net}.1/24`, bAddress: `${net}.2/24` }
      drawn.push(await lab.line(client, server, { ...ends, profile, aToB: up, seed: index + 1 }))
    }
    return { client, server, lines: drawn, dispose: () => lab.dispose() }
  } catch (error) {
    await lab.dispose()
    throw error
  }
}
