import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

/** What a program said. */
export interface Said {
  readonly isOk: boolean
  readonly stdout: string
  readonly stderr: string
}

/** The machine whose network is set up. */
export interface Host {
  /** Runs `ip` or `nft` with these arguments; `input` is its standard input. Rejects when it is not installed. */
  run(program: 'ip' | 'nft', args: readonly string[], input?: string): Promise<Said>
  /** A setting of the kernel, such as `net/ipv4/ip_forward`; undefined when there is none of that name. */
  sysctl(name: string): string | undefined
  /** Throws the error of the system. */
  setSysctl(name: string, value: string): void
}

const PACKAGES = { ip: 'iproute2', nft: 'nftables' } as const
/** Room for what a router with many routes says. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** This machine. */
export const systemHost: Host = {
  run: (program, args, input = '') =>
    new Promise((resolve, reject) => {
      const options = { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: MAX_OUTPUT_BYTES }
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null || error.code !== 'ENOENT') resolve({ isOk: error === null, stdout, stderr })
        else reject(new Error(`\`${program}\` was not found: install ${PACKAGES[program]}`))
      })
      // A program that ends without reading is heard of by its exit code.
      child.stdin?.on('error', () => {}).end(input)
    }),
  sysctl: (name) => {
    try {
      return readFileSync(`/proc/sys/${name}`, 'utf8').trim()
    } catch {
      return undefined
    }
  },
  // Synchronously: other threads lose the right to when the daemon becomes another user.
  setSysctl: (name, value) => writeFileSync(`/proc/sys/${name}`, value),
}

/** Runs lines of `ip`, all of them whatever becomes of each. @returns what failed; empty when nothing did. */
export async function runIpLines(host: Host, family: 4 | 6, lines: readonly string[]): Promise<string> {
  if (lines.length === 0) return ''
  const { isOk, stderr } = await host.run(
    'ip',
    [`-${family}`, '-force', '-batch', '-'],
    `${lines.join('\n')}\n`,
  )
  return isOk ? '' : stderr.trim()
}
