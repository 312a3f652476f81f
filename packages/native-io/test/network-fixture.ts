import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { NetworkHandler, NetworkInterface, NetworkWatch } from '@mp/interface'
import type { Namespace } from '@mp/netlab'
import { realWait, type NetworkWatchFixture } from '@mp/testkit/conformance'

interface Told {
  readonly interfaces?: readonly NetworkInterface[]
  readonly routes?: true
}

/** A netlink watch inside of `namespace`, and a hand on the interfaces there. */
export function createWatch({
  netns,
}: Namespace): NetworkWatchFixture & { readonly ip: (command: string) => void } {
  const file = fileURLToPath(new URL('fixtures/watch-network.mjs', import.meta.url))
  const child = spawn('ip', ['netns', 'exec', netns, process.execPath, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let handler: NetworkHandler | undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { interfaces, routes } = JSON.parse(line) as Told
    if (interfaces !== undefined) handler?.onInterfaces(interfaces)
    if (routes) handler?.onRoutes()
  })
  const watch: NetworkWatch = {
    backend: 'netlink',
    start: (given) => {
      handler = given
      child.stdin.write('start\n')
    },
    close: () => void child.stdin.write('close\n'),
  }
  const made = new Set<string>()
  const ip = (command: string): void => runIp(netns, command)
  return {
    watch,
    wait: realWait({ settleMs: 100 }),
    ip,
    add: (name, address) => {
      made.add(name)
      ip(`link add ${name} type veth peer name far-${name}\nlink set far-${name} up`)
      ip(`link set ${name} up\naddress add ${address}/24 dev ${name}`)
    },
    readdress: (name, address) =>
      ip(`address flush dev ${name}\naddress add ${address}/64 dev ${name} nodad`),
    setDown: (name) => ip(`link set far-${name} down`),
    remove: (name) => {
      made.delete(name)
      ip(`link delete ${name}`)
    },
    dispose: () => {
      child.stdin.end()
      for (const name of made) ip(`link delete ${name}`)
    },
  }
}

function runIp(netns: string, commands: string): void {
  const { status, stderr } = spawnSync('ip', ['-n', netns, '-batch', '-'], {
    input: commands,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`\`ip\` in ${netns} failed: ${stderr}\n${commands}`)
}
