import type { Packet } from './support.ts'

interface Fate {
  readonly kind: 'delivered' | 'skipped'
  readonly atMs: number
}

interface Line {
  highest: number
  heardMs: number
  lastSent: number
  sessionSent: number
  guard: { ms: number; atMs: number } | undefined
  active: boolean
}

export interface OracleOptions {
  readonly window: number
  readonly maxHeldPackets: number
  readonly maxHeldBytes: number
}

/**
 * The rules written down as plainly as possible: every number has an entry in maps that only grow, and everything is
 * searched for from the front, every time. Packets of one flow must name each predecessor once.
 */
export class Oracle {
  readonly out: number[] = []
  readonly skipped = { hopeless: 0, linger: 0, overflow: 0, reset: 0 }
  late = 0
  duplicates = 0
  stale = 0
  holdMs = 3
  lingerMs = 160
  readonly #options: OracleOptions
  readonly #fates = new Map<number, Fate>()
  readonly #held = new Map<number, { before: number; bytes: number }>()
  readonly #overtakenMs = new Map<number, number>()
  readonly #hopelessMs = new Map<number, number>()
  readonly #lines = new Map<number, Line>()
  #top = -1
  #busyMs = 0
  #lastMs = -Infinity
  #nowMs = 0

  constructor(options: OracleOptions) {
    this.#options = options
  }

  /** The first number of unknown fate. */
  get base(): number {
    let base = 0
    while (this.#fates.has(base)) base++
    return base
  }

  get heldPackets(): number {
    return this.#held.size
  }

  get heldBytes(): number {
    return [...this.#held.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  line(pathId: number): Line {
    const line = this.#lines.get(pathId) ?? {
      highest: -1,
      heardMs: this.#busyMs,
      lastSent: -1,
      sessionSent: -1,
      guard: undefined,
      active: false,
    }
    this.#lines.set(pathId, line)
    return line
  }

  add(pathId: number): void {
    Object.assign(this.line(pathId), { heardMs: this.#busyMs, active: true })
  }

  remove(pathId: number): void {
    this.#lines.delete(pathId)
  }

  snapshot(pathId: number, lastSent: number, sessionSent: number): void {
    const line = this.line(pathId)
    if (sessionSent > line.sessionSent) Object.assign(line, { lastSent, sessionSent })
  }

  arrive(nowMs: number, packets: readonly Packet[]): void {
    this.#nowMs = nowMs
    this.#busyMs += Math.min(nowMs - this.#lastMs, 20)
    this.#lastMs = nowMs
    for (const packet of packets) this.#receive(packet)
    this.settle(nowMs)
  }

  settle(nowMs: number): void {
    this.#nowMs = nowMs
    for (let before = -1; this.base <= this.#top && this.base > before;) {
      before = this.base
      this.#findHopeless()
      this.#skipDue()
    }
  }

  /** When something is due, provided that it was settled since paths changed. */
  dueMs(): number {
    if (this.#held.size === 0) return Infinity
    return Math.min(this.#hopelessDueMs(this.base), this.#overtakenMs.get(this.base)! + this.lingerMs)
  }

  #receive({ sequence, pathId, distance, bytes = 100 }: Packet): void {
    const line = this.line(pathId)
    const isInversion = sequence < line.highest
    Object.assign(line, { heardMs: this.#busyMs, active: true, highest: Math.max(line.highest, sequence) })
    this.#makeRoom(sequence)
    const fate = this.#fates.get(sequence)
    const tooFar = sequence < this.base - this.#options.window
    const tooLate = fate?.kind === 'skipped' && this.#nowMs - fate.atMs > 1000
    if (tooFar || tooLate) {
      this.stale++
    } else if (fate?.kind === 'delivered' || this.#held.has(sequence)) {
      this.duplicates++
    } else {
      if (isInversion) this.#learn(line, sequence)
      for (let hole = this.#top + 1; hole < sequence; hole++) this.#overtakenMs.set(hole, this.#nowMs)
      this.#top = Math.max(this.#top, sequence)
      if (fate?.kind === 'skipped') this.late++
      const before = fate !== undefined || distance === 0 ? -1 : sequence - distance
      this.#held.set(sequence, { before, bytes })
      this.#release()
      this.#keepBounds()
    }
  }

  #learn(line: Line, sequence: number): void {
    const ms = Math.min(40, this.#nowMs - (this.#hopelessMs.get(sequence) ?? Infinity))
    if (ms > 0 && ms >= this.#guardOf(line)) line.guard = { ms, atMs: this.#nowMs }
  }

  #guardOf({ guard }: Line): number {
    return guard !== undefined && this.#nowMs - guard.atMs <= 10_000 ? guard.ms : 0
  }

  /** Lets go of everything that may leave. */
  #release(): void {
    for (let found = true; found;) {
      found = false
      for (const [sequence, { before }] of [...this.#held].toSorted((a, b) => a[0] - b[0])) {
        if (before >= 0 && !this.#fates.has(before)) continue
        this.#held.delete(sequence)
        this.#fates.set(sequence, { kind: 'delivered', atMs: this.#nowMs })
        this.out.push(sequence)
        found = true
      }
    }
  }

  #skip(reason: 'hopeless' | 'linger' | 'overflow'): void {
    this.#fates.set(this.base, { kind: 'skipped', atMs: this.#nowMs })
    this.skipped[reason]++
    this.#release()
  }

  #keepBounds(): void {
    const { maxHeldPackets, maxHeldBytes } = this.#options
    while (this.#held.size > maxHeldPackets || this.heldBytes > maxHeldBytes) this.#skip('overflow')
  }

  #makeRoom(sequence: number): void {
    const { window } = this.#options
    const isJump = sequence - this.#top > window
    const end = isJump ? sequence : sequence - window + 1
    while (this.base < end) this.#skip('overflow')
    if (isJump) this.#top = sequence - 1
  }

  #passed(line: Line): number {
    const isThrough = line.highest >= line.lastSent || line.lastSent < this.base
    return isThrough ? Math.max(line.highest, line.sessionSent + 1) : line.highest
  }

  #findHopeless(): void {
    for (const line of this.#lines.values()) {
      if (this.#busyMs - line.heardMs > 320) line.active = false
    }
    const lines = [...this.#lines.values()].filter((line) => line.active)
    for (let sequence = this.base; sequence <= this.#top; sequence++) {
      if (lines.some((line) => this.#passed(line) <= sequence)) this.#hopelessMs.delete(sequence)
      else if (!this.#hopelessMs.has(sequence)) this.#hopelessMs.set(sequence, this.#nowMs)
    }
  }

  #hopelessDueMs(sequence: number): number {
    const guards = [...this.#lines.values()].filter((line) => line.active).map((line) => this.#guardOf(line))
    return (this.#hopelessMs.get(sequence) ?? Infinity) + Math.max(this.holdMs, ...guards)
  }

  #skipDue(): void {
    while (this.base <= this.#top) {
      if (this.#nowMs >= this.#hopelessDueMs(this.base)) {
        this.#skip('hopeless')
      } else if (this.#nowMs >= this.#overtakenMs.get(this.base)! + this.lingerMs) {
        for (const line of this.#lines.values()) if (this.#passed(line) <= this.base) line.active = false
        this.#skip('linger')
      } else return
    }
  }
}
