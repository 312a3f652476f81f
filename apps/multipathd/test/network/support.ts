import type { NetworkInterface } from '@mp/interface'
import type { RemotePath } from '../../src/config/index.ts'
import type { Host } from '../../src/network/host.ts'

/** An interface that is up. */
export function iface(name: string, ...ips: readonly string[]): NetworkInterface {
  return { name, isUp: true, addresses: ips.map((ip) => ({ ip, isDeprecated: false })) }
}

export function path(more: Partial<RemotePath> & Pick<RemotePath, 'name'>): RemotePath {
  const usual = { weight: 1, mtu: 1500, role: 'primary', costMs: 0, idleProbeSeconds: 15 } as const
  return { remoteAddr: '203.0.113.2:5000', ...usual, ...more }
}

/** A host that keeps what it is told to run, and answers as it is told. */
export class FakeHost implements Host {
  /** `ip …`, `nft …`, and each line of their input. */
  readonly ran: string[] = []
  readonly settings = new Map<string, string>()
  /** What programs say, by their command line. */
  readonly says = new Map<string, string>()

  async run(program: 'ip' | 'nft', args: readonly string[], input = '') {
    const command = [program, ...args].join(' ')
    const stdout = this.says.get(command)
    if (stdout === undefined) this.ran.push(command, ...input.split('\n').filter(Boolean))
    return { isOk: true, stdout: stdout ?? '', stderr: '' }
  }

  sysctl(name: string): string | undefined {
    return this.settings.get(name)
  }

  setSysctl(name: string, value: string): void {
    this.settings.set(name, value)
    this.ran.push(`${name} = ${value}`)
  }
}
