import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'

const PRIORITY = -15
const AUTOGROUP = '/proc/self/autogroup'

/** What else the machine does disturbs less then: all that is started inherits it. */
export function goBeforeOthers() {
  setPriority(PRIORITY)
  // Where the kernel shares processors between terminals, a priority counts only among the programs of one.
  if (!existsSync(AUTOGROUP)) return
  const before = readFileSync(AUTOGROUP, 'utf8').trim().split(' ').at(-1)
  writeFileSync(AUTOGROUP, String(PRIORITY))
  process.once('exit', () => writeFileSync(AUTOGROUP, before))
}
