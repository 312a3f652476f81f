import { loadNativeIo } from '@mp/native-io'
import { requires } from '@mp/netlab'
import type { Capability } from '@mp/netlab'

/** What every test with a real daemon needs. */
const ALWAYS: readonly Capability[] = ['root', 'tun', 'netns', 'nft', 'ping']

/** For `describe.skipIf` and the title of the suite. */
export interface Needs {
  /** Something is missing here. */
  readonly missing: boolean
  /** `[needs root, tun, …]` */
  readonly text: string
}

/** Looks whether a daemon can run here, and whether `more` is there. Throws when `MP_REQUIRE` asks for what is not. */
export function needs(...more: readonly Capability[]): Needs {
  const names = [...ALWAYS, ...more]
  const missing = requires(names, { native: loadNativeIo().io !== undefined })
  return { missing: missing.length > 0, text: `[needs ${[...names, 'native'].join(', ')}]` }
}
