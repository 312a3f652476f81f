import { isDeepStrictEqual } from 'node:util'
import type { NetworkInterface } from '@mp/interface'
import { isSameWay } from '../config/index.ts'
import type { RemotePath } from '../config/index.ts'
import { hasPattern, lineOf, matchesPattern } from './line.ts'
import type { Line } from './line.ts'
import type { RoutedLine } from './routing-plan.ts'

/** The client, as far as it needs to know of lines. */
export interface PathControl {
  /** Makes a path. Throws RangeError when there are too many. */
  addPath(path: RemotePath): void
  /** Has a path take the place of the one of its name. */
  replacePath(path: RemotePath): void
  /** Uses the path of that name as this one says, which leads the same way. */
  setPath(path: RemotePath): void
  /** Gives a path up. Throws RangeError for the last one. */
  retirePath(name: string): void
  /** The same at once, whatever is under way on it. */
  closePath(name: string): void
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
  /** A path could not be made, or not be given up as it is the last. Told once while its interface is there. */
  readonly onRefusal: (path: string, error: Error) => void
}

/** A path that there is, and what was last known of its line. */
interface Kept {
  readonly path: RemotePath
  /** What it was made by, if not by the config itself. */
  readonly pattern: RemotePath | undefined
  line: Line
}

/**
 * Tells the client what becomes of the lines under its paths: of interfaces that come and go, lose their carrier or
 * change their addresses. Where `device` of a path is a pattern, each interface that fits makes a path of its own, which
 * stays when the interface goes, and waits for it, until there are too many.
 */
export class LineKeeper {
  readonly #options: LineKeeperOptions
  #patterns: readonly RemotePath[] = []
  readonly #kept = new Map<string, Kept>()
  /** Paths that could not be made, with their interfaces. */
  readonly #refused = new Map<string, string>()
  #interfaces: readonly NetworkInterface[] | undefined

  constructor(options: LineKeeperOptions) {
    this.#options = options
    this.#follow(options.paths)
  }

  /**
   * The config names these paths now. Those of a pattern follow it, or end with it; all others are made and closed by who
   * says so. @returns as {@link handleInterfaces}.
   */
  setPaths(paths: readonly RemotePath[]): readonly RoutedLine[] {
    const gone = this.#follow(paths)
    // Nothing is known yet, so that there are none of a pattern.
    if (this.#interfaces === undefined) return []
    const lines = this.handleInterfaces(this.#interfaces)
    // Last: what takes their place is there by now.
    for (const name of gone) this.#retire(name)
    return lines
  }

  /** The interfaces are these now. @returns the lines that paths leave through. */
  handleInterfaces(interfaces: readonly NetworkInterface[]): readonly RoutedLine[] {
    this.#interfaces = interfaces
    for (const [path, device] of this.#refused)
      if (!interfaces.some(({ name }) => name === device)) this.#refused.delete(path)
    for (const pattern of this.#patterns) this.#match(pattern, interfaces)
    for (const kept of this.#kept.values()) this.#look(kept, interfaces)
    return this.#lines()
  }

  /** @returns paths of a pattern that is gone, which are not looked after any more. */
  #follow(paths: readonly RemotePath[]): readonly string[] {
    const gone: string[] = []
    const isNamed = (path: RemotePath): boolean => paths.some((each) => isDeepStrictEqual(each, path))
    this.#patterns = paths.filter(hasPattern)
    for (const [name, { path, pattern, line }] of this.#kept) {
      if (isNamed(pattern ?? path)) continue
      const heir = pattern === undefined ? undefined : this.#heirOf(pattern, path.device!)
      if (heir === undefined) {
        this.#kept.delete(name)
        if (pattern !== undefined) gone.push(name)
      } else {
        const next = { ...heir, name, device: path.device }
        this.#kept.set(name, { path: next, pattern: heir, line })
        this.#change(path, next)
      }
    }
    for (const path of paths) if (!hasPattern(path) && !this.#kept.has(path.name)) this.#keep(path)
    return gone
  }

  #change(path: RemotePath, next: RemotePath): void {
    const { control } = this.#options
    if (isSameWay(path, next)) control.setPath(next)
    else control.replacePath(next)
  }

  /** What a pattern became, if it still stands for `device`. */
  #heirOf({ name }: RemotePath, device: string): RemotePath | undefined {
    return this.#patterns.find((each) => each.name === name && matchesPattern(each.device!, device))
  }

  #retire(name: string): void {
    try {
      this.#options.control.retirePath(name)
    } catch (error) {
      this.#options.onRefusal(name, error as Error)
    }
  }

  #keep(path: RemotePath, pattern?: RemotePath): void {
    this.#kept.set(path.name, { path, pattern, line: { state: 'unknown' } })
  }

  #match(pattern: RemotePath, interfaces: readonly NetworkInterface[]): void {
    const { ignored } = this.#options
    for (const { name: device } of interfaces) {
      const path = { ...pattern, name: `${pattern.name}@${device}`, device }
      if (this.#kept.has(path.name) || ignored.includes(device)) continue
      if (!matchesPattern(pattern.device!, device) || lineOf(path, interfaces).state !== 'up') continue
      try {
        this.#add(path)
        this.#keep(path, pattern)
      } catch (error) {
        this.#refuse(path, error as Error)
      }
    }
  }

  #add(path: RemotePath): void {
    const { control } = this.#options
    try {
      control.addPath(path)
    } catch (error) {
      const waiting = [...this.#kept.values()].find(
        ({ pattern, line }) => pattern !== undefined && line.state === 'down',
      )
      if (waiting === undefined) throw error
      this.#kept.delete(waiting.path.name)
      control.closePath(waiting.path.name)
      control.addPath(path)
    }
  }

  #refuse({ name, device }: RemotePath, error: Error): void {
    if (!this.#refused.has(name)) this.#options.onRefusal(name, error)
    this.#refused.set(name, device!)
  }

  #look(kept: Kept, interfaces: readonly NetworkInterface[]): void {
    const { control } = this.#options
    const { name, localAddr } = kept.path
    const before = kept.line
    let now = lineOf(kept.path, interfaces)
    if (now.state === 'unknown' && localAddr !== undefined && before.state !== 'unknown')
      now = { state: 'down', reason: `${localAddr} is gone` }
    kept.line = now
    if (now.state === 'down') {
      if (before.state !== 'down' || before.reason !== now.reason) control.suspendPath(name, now.reason)
    } else {
      if (before.state === 'down') control.resumePath(name)
      if (this.#isStale(name, now, interfaces)) control.redialPath(name)
    }
  }

  /** Its link leaves from an address that is gone, or is about to be while there is a better one. */
  #isStale(name: string, line: Line, interfaces: readonly NetworkInterface[]): boolean {
    const ip = this.#options.control.localIpOf(name)
    if (ip === undefined) return false
    if (line.state === 'up') return line.freshIps.length > 0 && !line.freshIps.includes(ip)
    return !interfaces.some(({ addresses }) => addresses.some((address) => address.ip === ip))
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
