import { readFileSync, statSync } from 'node:fs'
import { Mempool } from '@mp/mempool'
import { loadNativeIo } from '@mp/native-io'
import { messageOf } from '../cli/explain.ts'
import { natOf } from '../network/wishes.ts'
import type { Check, Finding } from './finding.ts'

const OLDEST_NODE = [20, 19] as const
const CAP_NET_ADMIN = 1n << 12n

/** Capabilities of this process; all of them where they cannot be read. */
export function ownCapabilities(): bigint {
  try {
    const [, bits = ''] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return BigInt(`0x${bits}`)
  } catch {
    return process.getuid?.() === 0 ? -1n : 0n
  }
}

export const node: Check = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  const about = 'Node.js'
  if (!isOld) return [{ about, level: 'ok', found: process.versions.node }]
  const advice = `install ${OLDEST_NODE.join('.')} or newer`
  return [{ about, level: 'fault', found: process.versions.node, advice }]
}

export const addon: Check = ({ config }) => {
  const native = loadNativeIo()
  const about = 'native addon'
  if (native.io !== undefined) return [{ about, level: 'ok', found: 'loads' }]
  // Without it only a relay, or a TUN device by tuntap2, is left.
  const level = config.relay === undefined && config.tun.backend !== 'tuntap2' ? 'fault' : 'warning'
  return [{ about, level, found: 'does not load', advice: native.reason }]
}

export const rights: Check = ({ config, capabilities }) => {
  if (config.relay !== undefined) return [{ about: 'rights', level: 'ok', found: 'a relay needs none' }]
  const about = 'rights'
  if ((capabilities & CAP_NET_ADMIN) !== 0n) return [{ about, level: 'ok', found: 'CAP_NET_ADMIN' }]
  const advice = 'run as root, or with CAP_NET_ADMIN (a container: --cap-add NET_ADMIN)'
  return [{ about, level: 'fault', found: 'no CAP_NET_ADMIN', advice }]
}

/** Opens a device, looks at it and closes it again. */
export const tun: Check = async ({ config, capabilities }) => {
  const native = loadNativeIo()
  const isAllowed = (capabilities & CAP_NET_ADMIN) !== 0n
  if (config.relay !== undefined || native.io === undefined || !isAllowed) return []
  const about = 'TUN device'
  const pool = new Mempool({ classes: [{ packetBytes: 1920, slots: 512 }] })
  try {
    const device = native.io.openTun({ pool, offload: config.offload })
    const { reason, ...offloads } = device.offloads()
    await device.close()
    const names = Object.entries(offloads).flatMap(([name, acts]) => (acts ? [name] : []))
    const found = names.length > 0 ? `opens, with ${names.join(', ')}` : 'opens, without offloads'
    return [
      reason === undefined
        ? { about, level: 'ok', found }
        : { about, level: 'warning', found, advice: reason },
    ]
  } catch (error) {
    return [{ about, level: 'fault', found: 'does not open', advice: messageOf(error) }]
  }
}

export const programs: Check = async ({ config, host }) => {
  if (config.relay !== undefined) return []
  const needed = natOf(config) === undefined ? (['ip'] as const) : (['ip', 'nft'] as const)
  return Promise.all(
    needed.map(async (program): Promise<Finding> => {
      try {
        await host.run(program, ['-V'])
        return { about: program, level: 'ok', found: 'installed' }
      } catch (error) {
        return { about: program, level: 'fault', found: 'not installed', advice: messageOf(error) }
      }
    }),
  )
}

/** A handshake carries the time, and a server refuses one that is older than the last; that outlives a restart. */
export const clock: Check = ({ wallMs }) => {
  const about = 'clock'
  const found = new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')
  const builtMs = statSync(new URL(import.meta.url)).mtimeMs
  if (wallMs >= builtMs) return [{ about, level: 'ok', found: `${found} UTC` }]
  const advice = 'it is older than this program: set it (NTP), or servers refuse handshakes as repeated ones'
  return [{ about, level: 'fault', found: `${found} UTC`, advice }]
}

/** What sockets ask for, bytes. Root gets it whatever the limit. */
const BUFFER_BYTES = 4 * 1024 * 1024

export const buffers: Check = ({ host, capabilities }) => {
  if ((capabilities & CAP_NET_ADMIN) !== 0n)
    return [{ about: 'buffers', level: 'ok', found: 'no limit for this user' }]
  return (['rmem_max', 'wmem_max'] as const).flatMap((name): Finding[] => {
    const limit = Number(host.sysctl(`net/core/${name}`) ?? BUFFER_BYTES)
    const found = `${limit} bytes`
    const about = `net.core.${name}`
    if (limit >= BUFFER_BYTES) return [{ about, level: 'ok', found }]
    const advice = `\`sysctl -w net.core.${name}=${BUFFER_BYTES}\`, or packets are lost in bursts`
    return [{ about, level: 'warning', found, advice }]
  })
}
