import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { nodeCrypto } from '@mp/runtime-node'
import { MTU_BYTES, inside, port, startBoth } from '../support/daemons.mjs'

const PROGRAM = process.env.WIREGUARD_GO || 'wireguard-go'
/** The name that all versions since have kept. Which of them have the kernel cut and join packets is seen at their device. */
const LATEST_NAME = 'v0.0.20230223'
/** IFF_VNET_HDR of a TUN device. */
const TAKES_SUPER_PACKETS = 0x4000
const LINE = 1

/** Why there is no wireguard-go to run beside the others; undefined when there is. */
export function wireguardLack() {
  const { stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' })
  const version = /v[\d.]+/.exec(stdout ?? '')?.[0]
  if (version === undefined)
    return 'it needs wireguard-go with offloads (apt-get install wireguard-go, from Debian 13 or the backports of 12), or its path in WIREGUARD_GO'
  if (version >= LATEST_NAME) return undefined
  return `expected a wireguard-go with offloads, which calls itself ${LATEST_NAME} or later, and found ${version}`
}

/** wireguard-go over the first line, with its one cipher, ChaCha20-Poly1305. */
export function wireguard({ subnet }) {
  return { name: 'wireguard-go', start: (stage) => startWireguard(stage, subnet) }
}

function startWireguard({ client, server }, subnet) {
  const ends = inside(subnet)
  const keys = { client: nodeCrypto().generateKeyPair(), server: nodeCrypto().generateKeyPair() }
  const start = async (host, role, peer) => {
    const device = `wg${role}`
    const env = { LOG_LEVEL: 'verbose', WG_PROCESS_FOREGROUND: '1' }
    const running = host.spawn(PROGRAM, ['--foreground', device], { env })
    await running.waitFor(/UAPI listener started/)
    const flags = await host.run('cat', [`/sys/class/net/${device}/tun_flags`])
    if ((Number(flags) & TAKES_SUPER_PACKETS) === 0)
      throw new Error(`${PROGRAM} has no offloads: expected one of 2023-12 or later`)
    await configure(device, [
      `private_key=${hex(keys[role].privateKey)}`,
      `listen_port=${port(subnet)}`,
      `public_key=${hex(keys[peer].publicKey)}`,
      `allowed_ip=${ends[peer]}/32`,
      ...(role === 'client' ? [`endpoint=10.77.${LINE}.2:${port(subnet)}`] : []),
    ])
    await host.run('ip', ['addr', 'add', ends[role], 'peer', ends[peer], 'dev', device])
    await host.run('ip', ['link', 'set', device, 'mtu', String(MTU_BYTES), 'up'])
    return running
  }
  return startBoth(
    () => start(server, 'server', 'client'),
    () => start(client, 'client', 'server'),
    ends.server,
  )
}

/** Gives a device its settings as its own protocol has them. */
async function configure(device, settings) {
  const socket = connect(`/var/run/wireguard/${device}.sock`)
  await once(socket, 'connect')
  const answer = text(socket)
  socket.end(['set=1', ...settings, '', ''].join('\n'))
  const said = (await answer).trim()
  if (said !== 'errno=0') throw new Error(`wireguard-go refused the settings of ${device}: ${said}`)
}

const hex = (bytes) => Buffer.from(bytes).toString('hex')
