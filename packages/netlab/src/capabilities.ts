import { spawnSync } from 'node:child_process'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What a test on the real system can need and this package can look for. */
export type Capability = 'root' | 'tun' | 'netns' | 'nft' | 'ping' | 'iperf3' | 'ethtool' | 'chromium' | 'cc'

/** For each capability: `undefined` when it is there, else why it is not. */
export type Capabilities = Readonly<Record<Capability, string | undefined>>

let found: Capabilities | undefined

/** Looks once at what this machine allows; takes a few milliseconds the first time. Makes and removes one namespace. */
export function capabilities(): Capabilities {
  found ??= {
    root: process.getuid?.() === 0 ? undefined : 'not root',
    tun: lackOfTun(),
    netns: lackOfNamespaces(),
    nft: lackOfCommand('nft', ['list', 'tables']),
    ping: lackOfProgram('ping'),
    iperf3: lackOfProgram('iperf3'),
    ethtool: lackOfProgram('ethtool'),
    chromium: lackOfProgram('chromium'),
    cc: lackOfProgram('cc'),
  }
  return found
}

/**
 * The capabilities among `names` that are missing here, for `describe.skipIf`:
 *
 * ```ts
 * const missing = requires(['root', 'tun'])
 * describe.skipIf(missing.length > 0)('a tunnel between two namespaces [needs root, tun]', () => { … })
 * ```
 *
 * @param also capabilities that only the caller can judge, such as `{ native: addonLoaded }`.
 * @throws Error when a missing one stands in the comma list of the environment variable `MP_REQUIRE`: there the
 * skip of a test would hide a fault of the machine.
 */
export function requires(
  names: readonly Capability[],
  also: Readonly<Record<string, boolean>> = {},
): readonly string[] {
  const known = capabilities()
  const lacks = [
    ...names.map((name) => ({ name, why: known[name] })),
    ...Object.entries(also).map(([name, present]) => ({ name, why: present ? undefined : 'not available' })),
  ].filter(({ why }) => why !== undefined)
  const required = new Set((process.env['MP_REQUIRE'] ?? '').split(',').map((name) => name.trim()))
  const unmet = lacks.filter(({ name }) => required.has(name))
  if (unmet.length > 0) {
    const list = unmet.map(({ name, why }) => `${name} (${why})`).join(', ')
    throw new Error(`MP_REQUIRE asks for what this machine lacks: ${list}. Provide it or shorten MP_REQUIRE.`)
  }
  return lacks.map(({ name }) => name)
}

function lackOfTun(): string | undefined {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'))
    return undefined
  } catch (error) {
    return `/dev/net/tun cannot be opened: ${(error as NodeJS.ErrnoException).code}`
  }
}

function lackOfNamespaces(): string | undefined {
  const name = `mplab-${process.pid}-0-probe`
  const lack = lackOfCommand('ip', ['netns', 'add', name])
  if (lack === undefined) spawnSync('ip', ['netns', 'del', name])
  return lack
}

function lackOfCommand(file: string, args: readonly string[]): string | undefined {
  const { error, status, stderr } = spawnSync(file, args, { encoding: 'utf8' })
  if (error !== undefined) return `${file} is not installed`
  return status === 0 ? undefined : `\`${file} ${args.join(' ')}\` failed: ${stderr.trim()}`
}

function lackOfProgram(file: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => isExecutable(join(folder, file))) ? undefined : `${file} is not installed`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
