import type { NetworkInterface } from '@mp/interface'
import type { RemotePath } from '../config/index.ts'
import { hasPattern, lineOf, matchesPattern } from './line.ts'
import type { Line } from './line.ts'
import type { RoutedLine } from './routing-plan.ts'

/** The client, as far as it needs to know of lines. */
export interface PathControl {
  /** Makes a path. Throws RangeError when there are too many. */
  addPath(path: RemotePath): void
  suspendPath(name: string, reason: string): void
  resumePath(name: string): void
  redialPath(name: string): void
  /** The IP address that the link of a path leaves from; undefined while there is none. */
  localIpOf(name: string): string | undefined
  /** The IP address that it leads to. */
  remoteIpOf(name: string): string | undefined
}

export interface LineKeeperOptions {
  readonly paths: readonly RemotePath[]
  readonly control: PathControl
  /** Interfaces that are no lines: devices of ours. */
  readonly ignored: readonly string[]
  /** A path could not be made. */
  readonly onRefusal: (path: string, error: Error) => void
}

/** A path that there is, and what was last known of its line. */
interface Kept {
  readonly path: RemotePath
  line: Line
}

/**
 * Tells the client what becomes of the lines under its paths: of interfaces that come and go, lose their carrier or
 * change their addresses. Where `device` of a path is a pattern, each interface that fits makes a path of its own, which
 * stays when the interface goes, and waits for it.
 */
export class LineKeeper {
  readonly #options: LineKeeperOptions
  readonly #patterns: readonly RemotePath[]
  readonly #kept = new Map<string, Kept>()
  #interfaces: readonly NetworkInterface[] = []

  constructor(options: LineKeeperOptions) {
    this.#options = options
    this.#patterns = options.paths.filter(hasPattern)
    for (const path of options.paths) if (!hasPattern(path)) this.#keep(path)
  }

  /** The interfaces are these now. @returns the lines that paths leave through. */
  handleInterfaces(interfaces: readonly NetworkInterface[]): readonly RoutedLine[] {
    this.#interfaces = interfaces
    for (const pattern of this.#patterns) this.#match(pattern)
    for (const kept of this.#kept.values()) this.#look(kept)
    return this.#lines()
  }

  #keep(path: RemotePath): void {
    this.#kept.set(path.name, { path, line: { state: 'unknown' } })
  }

  #match(pattern: RemotePath): void {
    const { ignored, control, onRefusal } = this.#options
    for (const { name: device } of this.#interfaces) {
      const path = { ...pattern, name: `${pattern.name}@${device}`, device }
      if (this.#kept.has(path.name) || ignored.includes(device)) continue
      if (!matchesPattern(pattern.device!, device) || lineOf(path, this.#interfaces).state !== 'up') continue
      this.#keep(path)
      try {
        control.addPath(path)
      } catch (error) {
        onRefusal(path.name, error as Error)
      }
    }
  }

  #look(kept: Kept): void {
    const { control } = this.#options
    const { name, localAddr } = kept.path
    const before = kept.line
    let now = lineOf(kept.path, this.#interfaces)
    if (now.state === 'unknown' && localAddr !== undefined && before.state !== 'unknown')
      now = { state: 'down', reason: `${localAddr} is gone` }
    kept.line = now
    if (now.state === 'down') {
      if (before.state !== 'down' || before.reason !== now.reason) control.suspendPath(name, now.reason)
    } else {
      if (before.state === 'down') control.resumePath(name)
      if (this.#isStale(name, now)) control.redialPath(name)
    }
  }

  /** Its link leaves from an address that is gone, or is about to be while there is a better one. */
  #isStale(name: string, line: Line): boolean {
    const ip = this.#options.control.localIpOf(name)
    if (ip === undefined) return false
    if (line.state === 'up') return line.freshIps.length > 0 && !line.freshIps.includes(ip)
    return !this.#interfaces.some(({ addresses }) => addresses.some((address) => address.ip === ip))
  }

  #lines(): readonly RoutedLine[] {
    const lines = new Map<string, Set<string>>()
    for (const { line } of this.#kept.values()) {
      if (line.state !== 'up') continue
      const ips = lines.get(line.device) ?? new Set()
      lines.set(line.device, ips)
      for (const ip of line.ips) ips.add(ip)
    }
    return [...lines].map(([device, ips]) => ({ device, ips: [...ips] }))
  }
}
