import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../cli/log.ts'
import { PROTOCOL, ruleWords } from './change.ts'
import type { Rule } from './change.ts'
import type { NetworkChanges } from './changes.ts'
import { runIpLines } from './host.ts'
import type { Host } from './host.ts'
import { readMainRoutes, readRules, readTable } from './kernel-routes.ts'
import type { RouteWords } from './kernel-routes.ts'
import { planRouting } from './routing-plan.ts'
import type { PlannedTable, RoutingFacts, RoutingPlan, RoutingWishes } from './routing-plan.ts'
import { strictFilterAdvice } from './rp-filter.ts'
import { TableNumbers } from './table-numbers.ts'

export interface RouteKeeperOptions {
  readonly host: Host
  /** Undefined: routes are left alone, and only what stands in their way is told. */
  readonly changes: NetworkChanges | undefined
  readonly log: Log
  /** Not all that shall go into the tunnel can be made to: why. Told before it went there for the first time only. */
  readonly onRefused: (why: string) => void
  /** The TUN device, after which tables are numbered. */
  readonly tun: string
}

/** Time between two looks, ms: routes change in swarms. */
const REST_MS = 100
/** Messages that are not told again. */
const MAX_TOLD = 100
const FAMILIES = [4, 6] as const
const NOTHING: RoutingPlan = { rules: [], tables: [] }

type Ours = Readonly<Record<4 | 6, ReadonlySet<string>>>

/** Keeps rules and tables as the lines of the moment need them, whatever else changes routes of this machine. */
export class RouteKeeper {
  readonly #options: RouteKeeperOptions
  readonly #tables: TableNumbers
  #wishes: RoutingWishes = { lines: [], servers: [] }
  /** Rules and tables there may be of ours. */
  #plan = NOTHING
  /** What failed in the last run. */
  #failure = ''
  /** All traffic goes into the tunnel that shall, or did. */
  #isFull = false
  /** The run that has not begun. */
  #next: Promise<void> | undefined
  #last: Promise<void> = Promise.resolve()
  readonly #told = new Set<string>()
  #isClosed = false

  constructor(options: RouteKeeperOptions) {
    this.#options = options
    this.#tables = new TableNumbers(options.tun)
  }

  /** Other wishes, or other routes than before. @returns a promise that ends when routing is as wished; never rejects. */
  update(wishes: Partial<RoutingWishes> = {}): Promise<void> {
    this.#wishes = { ...this.#wishes, ...wishes }
    this.#next ??= this.#last.then(() => this.#run())
    return this.#next
  }

  /** Ends it; what is under way is waited for. Undoing is for {@link NetworkChanges}. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
    await this.#next
  }

  #run(): Promise<void> {
    this.#next = undefined
    if (this.#isClosed) return Promise.resolve()
    const done = this.#reconcile().catch((error: Error) => this.#fail(`cannot keep routes: ${error.message}`))
    this.#last = done.then(() => pause(REST_MS, undefined, { ref: false }))
    return done
  }

  async #reconcile(): Promise<void> {
    const { changes } = this.#options
    if (changes === undefined) return this.#look(NOTHING)
    const { ours, ...facts } = await this.#readKernel()
    const plan = planRouting(this.#wishes, facts)
    this.#look(plan)
    this.#isFull ||= this.#leadsAll(plan, ours)
    let failure = ''
    for (const family of FAMILIES) failure += await this.#apply(family, plan, { ours, changes })
    changes.forget(rulesGone(this.#plan, plan))
    this.#plan = plan
    this.#isFull ||= failure === '' && this.#wishes.fullTunnel !== undefined
    this.#handleFailure(failure)
  }

  /** The kernel has the rules by which all goes into the tunnel that shall. */
  #leadsAll({ rules }: RoutingPlan, ours: Ours): boolean {
    const { fullTunnel } = this.#wishes
    if (fullTunnel === undefined) return false
    const table = this.#tables.of(fullTunnel.device)
    return rules.every((rule) => rule.table !== table || ours[rule.family].has(ruleWords(rule)))
  }

  /** Lines without a rule may have another obstacle. */
  #look({ rules }: RoutingPlan): void {
    const covered = new Set(rules.map(({ table }) => table))
    for (const { device } of this.#wishes.lines) {
      if (covered.has(this.#tables.of(device))) continue
      const advice = strictFilterAdvice(this.#options.host, device)
      if (advice !== undefined) this.#tell(advice)
    }
  }

  /** What failed because an interface or a route went meanwhile does not fail twice. */
  #handleFailure(failure: string): void {
    if (failure !== '' && failure === this.#failure) this.#fail(`some routes could not be set: ${failure}`)
    else if (failure !== '') void this.update()
    this.#failure = failure
  }

  /** What plans go by, and the rules that carry our number, in words. */
  async #readKernel(): Promise<RoutingFacts & { readonly ours: Ours }> {
    const { host } = this.#options
    const routes = new Map<string, readonly RouteWords[]>()
    const foreign: string[] = []
    const ours = { 4: new Set<string>(), 6: new Set<string>() }
    for (const family of FAMILIES) {
      const rules = await readRules(host, family)
      foreign.push(...rules.foreignSources)
      for (const words of rules.ours) ours[family].add(words)
      for (const { device } of this.#wishes.lines)
        routes.set(`${family} ${device}`, await readMainRoutes(host, { family, device }))
    }
    return {
      ours,
      mainRoutes: (device, family) => routes.get(`${family} ${device}`) ?? [],
      foreignSources: new Set(foreign),
      tableOf: (device) => this.#tables.of(device),
    }
  }

  /** Makes what the kernel lacks of the plan, and takes away what is of the last one only. @returns what failed. */
  async #apply(
    family: 4 | 6,
    plan: RoutingPlan,
    { ours, changes }: { readonly ours: Ours; readonly changes: NetworkChanges },
  ): Promise<string> {
    const { host } = this.#options
    const missing = plan.rules.filter((rule) => rule.family === family && !ours[family].has(ruleWords(rule)))
    const lines = [...this.#removals(family, plan)]
    for (const table of plan.tables) {
      if (table.family !== family) continue
      changes.note({ kind: 'table', family, table: table.table })
      lines.push(...fillingLines(table, await readTable(host, table)))
    }
    for (const rule of missing) {
      changes.note(rule)
      lines.push(`rule add ${ruleWords(rule)}`)
    }
    return runIpLines(host, family, lines)
  }

  #removals(family: 4 | 6, plan: RoutingPlan): readonly string[] {
    const rules = rulesGone(this.#plan, plan).filter((rule) => rule.family === family)
    const tables = this.#plan.tables.filter(
      (old) =>
        old.family === family &&
        !plan.tables.some((each) => each.family === family && each.table === old.table),
    )
    return [
      ...rules.map((rule) => `rule del ${ruleWords(rule)}`),
      ...tables.map(({ table }) => `route flush table ${table} proto ${PROTOCOL}`),
    ]
  }

  #fail(message: string): void {
    const { fullTunnel } = this.#wishes
    if (fullTunnel === undefined || this.#isFull) this.#tell(message)
    else
      this.#options.onRefused(
        `${message}; without them, what shall go into ${fullTunnel.device} goes beside it`,
      )
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return
    if (this.#told.size === MAX_TOLD) this.#told.clear()
    this.#told.add(message)
    this.#options.log.warn(message)
  }
}

/** The rules of a plan that another one does without. */
function rulesGone(from: RoutingPlan, to: RoutingPlan): readonly Rule[] {
  const kept = new Set(to.rules.map((rule) => `${rule.family} ${ruleWords(rule)}`))
  return from.rules.filter((rule) => !kept.has(`${rule.family} ${ruleWords(rule)}`))
}

/** What makes a table of what is `there` what it shall be: networks before the gateways in them. */
function fillingLines({ table, routes }: PlannedTable, there: readonly RouteWords[]): readonly string[] {
  const where = `table ${table} proto ${PROTOCOL}`
  const missing = routes.filter((route) => !there.includes(route))
  const inOrder = missing.toSorted((a, b) => Number(a.includes(' via ')) - Number(b.includes(' via ')))
  return [
    ...there.filter((route) => !routes.includes(route)).map((route) => `route del ${route} ${where}`),
    ...inOrder.map((route) => `route replace ${route} ${where}`),
  ]
}
