import type { PathEstimate, PickRequest } from '@mp/interface'
import type { TestPath } from './support.ts'

type Mode = 'aggregate' | 'lowest-latency' | 'redundant'

interface Row {
  readonly path: TestPath
  weight: number
  known: PathEstimate | undefined
  runnable: boolean
  freeAt: number
  urgentAt: number
  /** Virtual bytes in a tier, debt out of it. */
  virtual: number
  tier: string | undefined
}

export interface OracleOptions {
  readonly modes: readonly [Mode, Mode, Mode]
  readonly fairnessBytes: number
  readonly slackMs: number
  readonly spreadMs: number
  readonly copyRatio: number
}

const ROLES = ['primary', 'secondary', 'backup'] as const
const LARGEST = 65_535

/** The rules of the adaptive scheduler written down as plainly as possible: everything is worked out anew for each packet. */
export class AdaptiveOracle {
  rows: Row[] = []
  refusal = ''
  readonly options: OracleOptions
  private now = 0
  private lastClass = 0
  private last:
    | { request: PickRequest; row: Row | undefined; continued: boolean; charged: boolean }
    | undefined
  private run: { row: Row; flow: number; bytes: number; until: number } | undefined
  private tokens = 0
  private filledAt = -Infinity
  private isFar = false
  /** Delays of the paths in use. */
  private inUse = { least: -Infinity, most: Infinity }

  constructor(options: OracleOptions) {
    this.options = options
  }

  add(path: TestPath): void {
    const { weight } = path
    const unset = { freeAt: -Infinity, urgentAt: -Infinity, virtual: 0, tier: undefined }
    this.rows.push({ path, weight, known: undefined, runnable: true, ...unset })
    this.settle()
  }

  /** A path is taken out of the choice first: what others of its tier owe, they owe to it too. */
  remove(path: TestPath): boolean {
    this.suspend(path)
    this.rows = this.rows.filter((row) => row.path !== path)
    this.settle()
    return true
  }

  suspend(path: TestPath): boolean {
    return this.switch(path, false)
  }

  resume(path: TestPath): boolean {
    return this.switch(path, true)
  }

  setWeight(path: TestPath, weight: number): boolean {
    const row = this.row(path)
    const base = row.tier === undefined ? 0 : this.least(row.tier)
    const debt = ((row.virtual - base) * row.weight) / weight
    row.weight = weight
    row.virtual = base + this.kept(row, debt)
    this.settle()
    return true
  }

  observe(path: TestPath, known: PathEstimate, nowMs: number): boolean {
    const row = this.row(path)
    this.now = nowMs
    row.known = known
    row.freeAt = nowMs + known.queuedBytes * this.msPerByte(row)
    row.urgentAt = Math.min(row.urgentAt, row.freeAt)
    this.settle()
    return true
  }

  peek(request: PickRequest): TestPath | undefined {
    this.now = request.nowMs
    this.lastClass = request.trafficClass
    const continued = this.continuesRun(request)
    const row = continued ? this.run!.row : this.pick(request)
    this.last = { request, row, continued, charged: false }
    return row?.path
  }

  copies(request: PickRequest, out: (TestPath | undefined)[]): number {
    const picked = this.last?.row
    if (picked === undefined) return 0
    const role = picked.known?.role ?? 'primary'
    const others = this.tier(role).filter((row) => row !== picked && this.fits(row, request))
    if (this.mode(request) === 'redundant') {
      const paths = others.filter((row) => this.isOpen(row, request)).map((row) => row.path)
      for (const [at, path] of paths.slice(0, out.length).entries()) out[at] = path
      return Math.min(paths.length, out.length)
    }
    if (request.trafficClass !== 2) return 0
    const second = this.best(role, request, picked)
    if (second === undefined || (second.known?.costMs ?? 0) > 0 || !this.takeTokens(request)) return 0
    out[0] = second.path
    return 1
  }

  charge(path: TestPath, bytes: number, nowMs: number = this.now): void {
    const row = this.row(path)
    const took = bytes * this.msPerByte(row)
    row.freeAt = Math.max(nowMs, row.freeAt) + took
    const about = this.last
    const most = Math.floor(1.5 / this.msPerByte(row))
    if (this.lastClass === 2) row.urgentAt = Math.max(nowMs, row.urgentAt) + took
    if (this.options.fairnessBytes < Infinity) row.virtual += bytes / row.weight
    if (about?.row !== row || !this.keepsRuns(about.request)) return
    if (about.continued || about.charged) {
      if (this.run) this.run.bytes -= bytes
    } else if (8 * bytes <= most) {
      this.run = { row, flow: about.request.flow, bytes: Math.min(64_512, most) - bytes, until: nowMs + 1.5 }
    } else this.run = undefined
    about.charged = true
  }

  private key(row: Row, request: PickRequest): number {
    return this.wait(row, request) + request.lengthBytes * this.msPerByte(row) + this.delay(row)
  }

  private pick(request: PickRequest): Row | undefined {
    const usable = ROLES.flatMap((role) => this.tier(role))
    for (const role of ROLES) {
      const fitting = this.tier(role).filter((row) => this.fits(row, request))
      const best = this.best(role, request, undefined)
      if (best) return best
      if (fitting.some((row) => this.isOpen(row, request))) break
    }
    if (usable.length === 0) this.refusal = 'no-path'
    else this.refusal = usable.some((row) => this.fits(row, request)) ? 'full' : 'too-big'
    return undefined
  }

  private best(role: string, request: PickRequest, except: Row | undefined): Row | undefined {
    const fitting = this.tier(role).filter((row) => this.fits(row, request))
    const least = Math.min(...fitting.map((row) => row.virtual))
    const patient = this.mode(request) === 'lowest-latency'
    const all = this.usable(role).filter((row) => this.fits(row, request))
    const best = (patient ? all : fitting)
      .filter((row) => row !== except && row.virtual <= least + this.options.fairnessBytes)
      .filter((row) => patient || this.isOpen(row, request))
      .toSorted((a, b) => this.key(a, request) - this.key(b, request) || this.order(a, b))[0]
    return best && this.isOpen(best, request) ? best : undefined
  }

  private order(a: Row, b: Row): number {
    return (a.known?.owdMinMs ?? 0) - (b.known?.owdMinMs ?? 0) || this.rows.indexOf(a) - this.rows.indexOf(b)
  }

  private usable(role: string): Row[] {
    const of = (each: string): Row[] =>
      this.rows.filter(
        (row) => row.runnable && !row.known?.isExhausted && (row.known?.role ?? 'primary') === each,
      )
    return role === 'backup' && of('primary').length + of('secondary').length > 0 ? [] : of(role)
  }

  /** The usable paths of a role that are in use, in the order of ties. */
  private tier(role: string): Row[] {
    const { least, most } = this.inUse
    return this.usable(role)
      .filter((row) => this.delay(row) >= least && this.delay(row) <= most)
      .toSorted((a, b) => this.order(a, b))
  }

  /** Of the first role with paths, the nearest are used, or those about a farther one that carries much more. */
  private chooseDelays(): void {
    const rows = ROLES.map((role) => this.usable(role)).find(({ length }) => length > 0)
    if (rows === undefined) return
    const { spreadMs } = this.options
    const carried = (from: number): number[] =>
      rows
        .filter((row) => this.delay(row) >= from && this.delay(row) <= from + spreadMs)
        .map((row) => this.capacity(row))
    const largest = (from: number): number => Math.max(...carried(from))
    const delays = rows.map((row) => this.delay(row)).toSorted((a, b) => a - b)
    const nearest = delays[0]!
    const best = delays.toSorted((a, b) => largest(b) - largest(a) || a - b)[0]!
    const near = carried(nearest).reduce((sum, each) => sum + each, 0)
    this.isFar = largest(best) > (this.isFar ? 1.2 : 2) * near
    const most = (this.isFar ? best : nearest) + spreadMs
    this.inUse = { least: Math.max(...delays.filter((each) => each <= most)) - spreadMs, most }
  }

  private delay({ known }: Row): number {
    if (known) return known.owdMinMs + known.queueDelayMs + known.lossRatio * known.repairMs + known.costMs
    const others = this.rows.filter((row) => row.known).map((row) => this.delay(row))
    return others.length > 0 ? Math.max(...others) : 0
  }

  private isOpen(row: Row, request: PickRequest): boolean {
    const { slackMs } = this.options
    if (this.mode(request) === 'lowest-latency') return this.wait(row, request) <= Math.min(10, slackMs)
    const slowest = Math.max(...this.tier(row.known?.role ?? 'primary').map((other) => this.delay(other)))
    return this.wait(row, request) <= slowest - this.delay(row) + slackMs
  }

  private wait(row: Row, request: PickRequest): number {
    return Math.max(0, (request.trafficClass === 2 ? row.urgentAt : row.freeAt) - request.nowMs)
  }

  private fits(row: Row, request: PickRequest): boolean {
    return request.lengthBytes <= (row.known?.maxPacketBytes ?? Infinity)
  }

  private mode(request: PickRequest): Mode {
    return this.options.modes[request.trafficClass as 0 | 1 | 2]
  }

  private keepsRuns(request: PickRequest): boolean {
    const limited = this.options.fairnessBytes < Infinity
    return !limited && request.trafficClass !== 2 && this.mode(request) === 'aggregate'
  }

  private continuesRun(request: PickRequest): boolean {
    const { run } = this
    if (run === undefined || run.flow !== request.flow || !this.keepsRuns(request)) return false
    const inBounds = request.lengthBytes <= run.bytes && request.nowMs <= run.until
    return inBounds && this.fits(run.row, request) && this.isOpen(run.row, request)
  }

  private takeTokens(request: PickRequest): boolean {
    if (this.options.copyRatio === 0) return false
    const usable = ROLES.flatMap((role) => this.tier(role))
    const perMs = (this.options.copyRatio * usable.reduce((sum, row) => sum + this.capacity(row), 0)) / 1000
    if (request.nowMs > this.filledAt) {
      const earned = perMs * (request.nowMs - this.filledAt)
      this.tokens = Math.min(Math.max(3000, 100 * perMs), this.tokens + earned)
      this.filledAt = request.nowMs
    }
    if (this.tokens < request.lengthBytes) return false
    this.tokens -= request.lengthBytes
    return true
  }

  private msPerByte(row: Row): number {
    return 1000 / this.capacity(row)
  }

  private capacity(row: Row): number {
    return row.known?.bytesPerSecond ?? 625_000 * row.weight
  }

  private switch(path: TestPath, to: boolean): boolean {
    const row = this.row(path)
    if (row.runnable === to) return false
    row.runnable = to
    row.freeAt = row.urgentAt = -Infinity
    this.settle()
    return true
  }

  /** After any change: paths that changed tiers are placed, and what was remembered of the last packet is void. */
  private settle(): void {
    this.last = undefined
    this.run = undefined
    this.chooseDelays()
    const next = new Map(
      ROLES.flatMap((role) => this.tier(role).map((row) => [row, role as string] as const)),
    )
    for (const role of ROLES) {
      const base = this.least(role)
      for (const row of this.rows) {
        if (row.tier !== role || next.get(row) === role) continue
        row.virtual -= base
        row.tier = undefined
      }
    }
    for (const role of ROLES) {
      const base = this.least(role)
      for (const row of this.rows) {
        if (next.get(row) !== role || row.tier === role) continue
        row.virtual = base + this.kept(row, row.virtual)
        row.tier = role
      }
    }
  }

  private least(tier: string): number {
    const members = this.rows.filter((row) => row.tier === tier).map((row) => row.virtual)
    return members.length > 0 ? Math.min(...members) : 0
  }

  private kept(row: Row, debt: number): number {
    return Math.min(debt, this.options.fairnessBytes + LARGEST / row.weight)
  }

  private row(path: TestPath): Row {
    return this.rows.find((row) => row.path === path)!
  }
}
