import { PROTOCOL, ruleWords } from './change.ts'
import type { Change, Sysctl, SysctlName } from './change.ts'
import { runIpLines } from './host.ts'
import type { Host } from './host.ts'
import type { StateFile } from './state-file.ts'

/** What of a {@link StateFile} is used. */
export type NoteFile = Pick<StateFile, 'left' | 'lines' | 'note' | 'rewrite' | 'clear'>

/** What is undone stays in the state file for so many lines. */
const SPARE_LINES = 200

/**
 * All that a daemon changes in the network of its machine and that outlives it: noted first, then made, and undone at
 * the end, by itself or by the next one. Undoing what is gone already, or not ours any more, does nothing.
 */
export class NetworkChanges {
  readonly host: Host
  readonly #file: NoteFile
  readonly #onUnnoted: (error: Error) => void
  /** What there may be of ours now, oldest first. */
  readonly #made = new Map<string, Change>()
  /** Some of them are not in the file. */
  #isBehind = false

  /** @param onUnnoted Is told when changes begin to be made that the file has no room for. */
  constructor(host: Host, file: NoteFile, onUnnoted: (error: Error) => void = () => {}) {
    this.host = host
    this.#file = file
    this.#onUnnoted = onUnnoted
  }

  /** Undoes what a process left that was killed. @returns how many changes it had noted. */
  async recover(): Promise<number> {
    const { left } = this.#file
    await undoAll(this.host, left)
    this.#file.clear()
    return left.length
  }

  /**
   * To be called before a change is made. One that cannot be noted is made all the same: a route that is missing sends what is
   * meant for the tunnel beside it, one that is left after a crash does less harm.
   */
  note(change: Change): void {
    this.#made.set(JSON.stringify(change), change)
    try {
      this.#write(change)
      this.#isBehind = false
    } catch (error) {
      if (!this.#isBehind) this.#onUnnoted(error as Error)
      this.#isBehind = true
    }
  }

  #write(change: Change): void {
    const isRoomy = this.#file.lines < SPARE_LINES + 2 * this.#made.size
    if (isRoomy && !this.#isBehind) this.#file.note(change)
    else this.#file.rewrite([...this.#made.values()])
  }

  /** These have been undone. */
  forget(changes: readonly Change[]): void {
    for (const change of changes) this.#made.delete(JSON.stringify(change))
  }

  /** Sets a kernel setting, unless it has that value. Throws the error of the system. */
  setSysctl(name: SysctlName, after: string): void {
    const before = this.host.sysctl(name)
    if (before === undefined || before === after) return
    this.note({ kind: 'sysctl', name, before, after })
    this.host.setSysctl(name, after)
  }

  /** Undoes all, newest first. Never rejects: what cannot be undone stays in the state file's hands no longer. */
  async undo(): Promise<void> {
    await undoAll(this.host, [...this.#made.values()])
    this.#made.clear()
    this.#file.clear()
  }
}

async function undoAll(host: Host, changes: readonly Change[]): Promise<void> {
  const newestFirst = changes.toReversed()
  for (const family of [4, 6] as const) {
    const lines = newestFirst.flatMap((change) => undoLines(change, family))
    await runIpLines(host, family, lines).catch(() => '')
  }
  for (const change of newestFirst) {
    if (change.kind === 'nat') await removeNat(host, change.name)
    else if (change.kind === 'sysctl') restore(host, change)
  }
}

/** Lines for `ip`. */
function undoLines(change: Change, family: 4 | 6): readonly string[] {
  if (change.kind === 'rule' && change.family === family) return [`rule del ${ruleWords(change)}`]
  if (change.kind !== 'table' || change.family !== family) return []
  return [`route flush table ${change.table} proto ${PROTOCOL}`]
}

async function removeNat(host: Host, name: string): Promise<void> {
  await host.run('nft', ['delete', 'table', 'inet', name]).catch(() => undefined)
}

/** Only while nobody else has changed it since. */
function restore(host: Host, { name, before, after }: Sysctl): void {
  if (host.sysctl(name) !== after) return
  try {
    host.setSysctl(name, before)
  } catch {
    // Not permitted, or gone: then it is not ours to change.
  }
}
