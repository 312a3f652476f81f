import { TunError, type TunErrorCode } from './errors.ts'
import type { Run } from './run.ts'
import type { Command, Step } from './steps.ts'

/** What {@link configure} did. */
export interface Configured {
  /** Networks that had a route before, which was left alone. */
  readonly skippedRoutes: readonly string[]
  /**
   * Takes the routes away that are not in `steps`, and adds those that are missing. Rejects with a {@link TunError} at the
   * first that fails; what was done before it stays.
   * @returns networks that had a route before, which was left alone.
   */
  setRoutes(steps: readonly Step[]): Promise<readonly string[]>
  /** Takes away the routes that were added. Never rejects: the device is to go whatever becomes of them. */
  undo(): Promise<void>
}

/** As `ip` and `route` put EEXIST and EPERM. */
const EXISTS = /File exists/
const NOT_PERMITTED = /Operation not permitted|must be root/

const CODES: Readonly<Record<Step['kind'], TunErrorCode>> = {
  address: 'MP_TUN_ADDRESS',
  link: 'MP_TUN_FAILED',
  route: 'MP_TUN_ROUTE',
}

/** Runs all steps. Rejects with a {@link TunError} at the first that fails, and then nothing of them is left. */
export async function configure(steps: readonly Step[], run: Run): Promise<Configured> {
  /** How to take away again what was added, by what it is. */
  const undos = new Map<string, Command>()
  const takeAway = async (names: readonly string[]): Promise<void> => {
    // Newest first. What fails here was taken away by somebody else, and that is as good.
    for (const name of names.toReversed()) {
      await run(undos.get(name)!).catch(() => {})
      undos.delete(name)
    }
  }
  const undo = (): Promise<void> => takeAway([...undos.keys()])
  const setRoutes = async (routes: readonly Step[]): Promise<readonly string[]> => {
    const wanted = new Set(routes.map(({ what }) => what))
    await takeAway([...undos.keys()].filter((name) => !wanted.has(name)))
    return runAll(
      routes.filter(({ what }) => !undos.has(what)),
      { run, undos },
    )
  }
  try {
    return { skippedRoutes: await runAll(steps, { run, undos }), setRoutes, undo }
  } catch (error) {
    await undo()
    throw error
  }
}

/** @returns the routes that were there before. */
async function runAll(
  steps: readonly Step[],
  { run, undos }: { readonly run: Run; readonly undos: Map<string, Command> },
): Promise<readonly string[]> {
  const skippedRoutes: string[] = []
  for (const step of steps) {
    const failure = await run(step.command)
    if (failure === undefined) {
      if (step.undo !== undefined) undos.set(step.what, step.undo)
    } else if (step.kind === 'route' && EXISTS.test(failure)) {
      skippedRoutes.push(step.what)
    } else {
      throw stepError(step, failure)
    }
  }
  return skippedRoutes
}

function stepError({ kind, what, command }: Step, failure: string): TunError {
  const told = `\`${command.join(' ')}\` failed: ${failure}`
  if (NOT_PERMITTED.test(failure)) {
    return new TunError('MP_TUN_PERMISSION', `setting up a TUN device needs root or CAP_NET_ADMIN: ${told}`)
  }
  return new TunError(CODES[kind], `cannot set ${kind} ${what}: ${told}`)
}
