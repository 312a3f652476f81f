import { createLab } from '@mp/netlab'

const LINES = 4

/**
 * Two hosts with four lines between them, as fast as the machine goes. Line i (from 1) leads from 10.77.i.1 to 10.77.i.2.
 */
export async function createStage() {
  const lab = await createLab()
  try {
    const client = await lab.namespace('client')
    const server = await lab.namespace('server')
    for (let line = 1; line <= LINES; line++) {
      await lab.link(client, server, { aAddress: `10.77.${line}.1/24`, bAddress: `10.77.${line}.2/24` })
    }
    await server.spawn('iperf3', ['--server', '--forceflush']).waitFor(/listening/)
    return { client, server, dispose: () => lab.dispose() }
  } catch (error) {
    await lab.dispose()
    throw error
  }
}
