import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '../cli/log.ts'
import { PROTOCOL, ruleWords } from './change.ts'
import type { Rule } from './change.ts'
import type { NetworkChanges } from './changes.ts'
import { runIpLines } from './host.ts'
import { readMainRoutes, readRules, readTable } from './kernel-routes.ts'
import { planRouting } from './routing-plan.ts'
import type { PlannedTable, RoutingPlan, RoutingWishes } from './routing-plan.ts'
import { strictFilterAdvice } from './rp-filter.ts'
import { TableNumbers } from './table-numbers.ts'

export interface RouteKeeperOptions {
  readonly changes: NetworkChanges
  readonly log: Log
  /** The TUN device, after which tables are numbered. */
  readonly tun: string
  /** False: routes are left alone, and only what stands in their way is told. */
  readonly isOn: boolean
}

/** Time between two looks, ms: routes change in swarms. */
const REST_MS = 100
const FAMILIES = [4, 6] as const

/** Keeps rules and tables as the lines of the moment need them, whatever else changes routes of this machine. */
export class RouteKeeper {
  readonly #options: RouteKeeperOptions
  readonly #tables: TableNumbers
  #wishes: RoutingWishes = { lines: [], servers: [] }
  /** Rules and tables there may be of ours. */
  #plan: RoutingPlan = { rules: [], tables: [] }
  /** The run that has not begun. */
  #next: Promise<void> | undefined
  #last: Promise<void> = Promise.resolve()
  readonly #told = new Set<string>()
  #isClosed = false

  constructor(options: RouteKeeperOptions) {
    this.#options = options
    this.#tables = new TableNumbers(options.tun)
  }

  get wishes(): RoutingWishes {
    return this.#wishes
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
    const done = this.#reconcile().catch((error: Error) => this.#tell(`cannot keep routes: ${error.message}`))
    this.#last = done.then(() => pause(REST_MS, undefined, { ref: false }))
    return done
  }

  async #reconcile(): Promise<void> {
    const { changes, isOn } = this.#options
    const plan = isOn ? await this.#makePlan() : this.#plan
    for (const { device } of this.#wishes.lines) {
      const table = this.#tables.of(device)
      const isCovered = plan.rules.some((rule) => rule.table === table)
      const advice = isCovered ? undefined : strictFilterAdvice(changes.host, device)
      if (advice !== undefined) this.#tell(advice)
    }
    if (!isOn) return
    for (const family of FAMILIES) await this.#apply(family, plan)
    this.#plan = plan
  }

  async #makePlan(): Promise<RoutingPlan> {
    const { host } = this.#options.changes
    const { lines } = this.#wishes
    const routes = new Map<string, readonly string[]>()
    const foreign: string[] = []
    for (const family of FAMILIES) {
      const { foreignSources } = await readRules(host, family)
      foreign.push(...foreignSources)
      for (const { device } of lines)
        routes.set(`${family} ${device}`, await readMainRoutes(host, { family, device }))
    }
    return planRouting(this.#wishes, {
      mainRoutes: (device, family) => routes.get(`${family} ${device}`) ?? [],
      foreignSources: new Set(foreign),
      tableOf: (device) => this.#tables.of(device),
    })
  }

  /** Makes what the kernel lacks of the plan, and takes away what is of the last one only. */
  async #apply(family: 4 | 6, plan: RoutingPlan): Promise<void> {
    const { host } = this.#options.changes
    const rules = plan.rules.filter((rule) => rule.family === family)
    const { ours } = await readRules(host, family)
    const lines = [...this.#removals(family, plan)]
    for (const table of plan.tables) if (table.family === family) lines.push(...(await this.#fill(table)))
    lines.push(...rules.filter((rule) => !ours.has(ruleWords(rule))).map((rule) => this.#addRule(rule)))
    const failure = await runIpLines(host, family, lines)
    if (failure !== '') this.#tell(`some routes could not be set: ${failure}`)
  }

  #removals(family: 4 | 6, plan: RoutingPlan): readonly string[] {
    const kept = new Set(plan.rules.map((rule) => ruleWords(rule)))
    const rules = this.#plan.rules.filter((rule) => rule.family === family && !kept.has(ruleWords(rule)))
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

  /** What makes a table what it shall be. */
  async #fill({ family, table, routes }: PlannedTable): Promise<readonly string[]> {
    const { changes } = this.#options
    const there = await readTable(changes.host, { family, table })
    changes.note({ kind: 'table', family, table })
    const where = `table ${table} proto ${PROTOCOL}`
    return [
      ...there.filter((route) => !routes.includes(route)).map((route) => `route del ${route} ${where}`),
      ...routesInOrder(routes.filter((route) => !there.includes(route))).map(
        (route) => `route replace ${route} ${where}`,
      ),
    ]
  }

  #addRule(rule: Rule): string {
    this.#options.changes.note(rule)
    return `rule add ${ruleWords(rule)}`
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return
    this.#told.add(message)
    this.#options.log.warn(message)
  }
}

/** Networks before the gateways in them. */
function routesInOrder(routes: readonly string[]): readonly string[] {
  return routes.toSorted((a, b) => Number(a.includes(' via ')) - Number(b.includes(' via ')))
}
