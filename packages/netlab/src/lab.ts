import { spawnSync } from 'node:child_process'
import { createLink } from './link.ts'
import type { LabLink, LinkOptions } from './link.ts'
import { createLine } from './line.ts'
import type { LabLine, LineOptions } from './line.ts'
import { createNamespace } from './namespace.ts'
import type { Namespace } from './namespace.ts'
import type { Running } from './process.ts'

/** Namespaces and links that live and die together. */
export interface Lab {
  /** Makes a namespace. `name` (letters, digits, `-`) is unique in the lab. */
  namespace(name: string): Promise<Namespace>
  /** Joins two namespaces of this lab. */
  link(a: Namespace, b: Namespace, options: LinkOptions): Promise<LabLink>
  /**
   * Joins two namespaces of this lab by an emulated line, with delay and loss as well. Needs a C compiler: the
   * emulator is built when the first line of a process is made.
   */
  line(a: Namespace, b: Namespace, options: LineOptions): Promise<LabLine>
  /** Kills what was started inside and removes all namespaces and links. Idempotent. */
  dispose(): Promise<void>
}

/** Names of our namespaces: `mplab-<pid>-<number of the lab>-<name>`. */
const OURS = /^mplab-(\d+)-/

let labs = 0

/**
 * Makes an empty lab. All it makes is removed by {@link Lab.dispose}, when this process exits, and on SIGINT and
 * SIGTERM; what a process that was killed left behind is removed by the next lab. Needs root and iproute2.
 */
export async function createLab(): Promise<Lab> {
  removeOrphans()
  const prefix = `mplab-${process.pid}-${++labs}`
  const namespaces: string[] = []
  const running = new Set<Running>()
  const own = (started: Running): void => {
    running.add(started)
    const forget = (): void => void running.delete(started)
    started.exited.then(forget, forget)
  }
  let links = 0

  const removeNow = (): void => {
    for (const each of running) each.child.kill('SIGKILL')
    for (const netns of namespaces.splice(0)) removeNamespace(netns)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    removeNow()
    unhook()
    // Ours was the only handler: the process must still end the way it would have without us.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }
  const unhook = (): void => {
    process.off('exit', removeNow)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
  }
  process.on('exit', removeNow)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)

  return {
    namespace: (name) => {
      const netns = `${prefix}-${name}`
      namespaces.push(netns)
      return createNamespace(name, netns, own)
    },
    link: (a, b, options) => createLink(a, b, { name: `link${++links}`, ...options }),
    line: (a, b, options) => createLine({ a, b, own }, { name: `line${++links}`, ...options }),
    dispose: async () => {
      const ending = [...running].map((each) => each.exited.catch(() => undefined))
      removeNow()
      unhook()
      await Promise.all(ending)
    },
  }
}

/** Synchronous, so that it also works while the process exits. Says nothing about a namespace that is gone. */
function removeNamespace(netns: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', netns], { encoding: 'utf8' })
  for (const pid of (stdout ?? '').split('\n').filter(Boolean)) kill(Number(pid))
  spawnSync('ip', ['netns', 'del', netns])
}

function removeOrphans(): void {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const line of (stdout ?? '').split('\n')) {
    const [netns = ''] = line.split(' ')
    const owner = OURS.exec(netns)?.[1]
    if (owner !== undefined && !isAlive(Number(owner))) removeNamespace(netns)
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
