import { loadNativeIo } from '@mp/native-io'
import { capabilities } from '@mp/netlab'
import type { DemoOptions } from '../cli/program.ts'
import { EXIT } from '../cli/exit-codes.ts'
import { print } from '../cli/print.ts'
import { runRealDemo } from './real.ts'
import { runSimulatedDemo } from './simulated.ts'
import type { Say } from './story.ts'

/**
 * Shows what joined lines do: one download over the best of three lines, over all of them, and over what is left when
 * one is cut. With real daemons, links and TUN devices where the machine allows it, else emulated in virtual time.
 * @returns the exit code.
 */
export async function runDemo({ io, simulate }: DemoOptions): Promise<number> {
  const say: Say = (line) => print(io.stdout, `${line}\n`)
  const lack = simulate ? 'as you asked' : lackOfRealLinks()
  if (lack === undefined) await runRealDemo(say)
  else await runSimulatedDemo(say, lack)
  return EXIT.ok
}

/** Why real links cannot be had here. */
function lackOfRealLinks(): string | undefined {
  const { root, tun, netns } = capabilities()
  const native = loadNativeIo()
  return root ?? tun ?? netns ?? (native.io === undefined ? native.reason : undefined)
}
