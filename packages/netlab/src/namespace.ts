import { run, start } from './process.ts'
import type { Finished, RunOptions, Running } from './process.ts'

/** A network namespace: a host of its own, as far as the network goes. */
export interface Namespace {
  /** The name it was made under, such as `client`. */
  readonly name: string
  /** The name that `ip netns` knows it by. */
  readonly netns: string
  /** Starts a program inside; arguments are passed as they are, without a shell. */
  spawn(file: string, args: readonly string[], options?: RunOptions): Running
  /** Runs a program inside to its end, whatever its exit code. */
  exec(file: string, args: readonly string[], options?: RunOptions): Promise<Finished>
  /**
   * Runs a program inside and answers its standard output.
   * @throws Error that names the command and what it said when its exit code is not 0.
   */
  run(file: string, args: readonly string[], options?: RunOptions): Promise<string>
  /** Writes a kernel setting, such as `setSysctl('net/ipv4/ip_forward', '1')`. */
  setSysctl(path: string, value: string): Promise<void>
}

/** Makes a namespace with its loopback up. `onSpawn` learns of every program started in it. */
export async function createNamespace(
  name: string,
  netns: string,
  onSpawn: (running: Running) => void,
): Promise<Namespace> {
  await run('ip', ['netns', 'add', netns])
  const spawn: Namespace['spawn'] = (file, args, options) => {
    // `ip netns exec` becomes the program, so that signals and exit codes are the program's own.
    const running = start('ip', ['netns', 'exec', netns, file, ...args], options)
    onSpawn(running)
    return running
  }
  const runInside: Namespace['run'] = (file, args, options) =>
    run('ip', ['netns', 'exec', netns, file, ...args], options)
  const setSysctl = async (path: string, value: string): Promise<void> => {
    await runInside('tee', [`/proc/sys/${path}`], { input: value })
  }
  await run('ip', ['-n', netns, 'link', 'set', 'lo', 'up'])
  // Without this a link that goes down loses its IPv6 addresses.
  await setSysctl('net/ipv6/conf/all/keep_addr_on_down', '1')
  return {
    name,
    netns,
    spawn,
    exec: (file, args, options) => spawn(file, args, options).exited,
    run: runInside,
    setSysctl,
  }
}
