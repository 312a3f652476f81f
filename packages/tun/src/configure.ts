import { TunError, type TunErrorCode } from './errors.ts'
import type { Run } from './run.ts'
import type { Command, Step } from './steps.ts'

/** What {@link configure} did. */
export interface Configured {
  /** Networks that had a route before, which was left alone. */
  readonly skippedRoutes: readonly string[]
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
  const skippedRoutes: string[] = []
  const undos: Command[] = []
  const undo = async (): Promise<void> => {
    // Newest first. What fails here was taken away by somebody else, and that is as good.
    for (const command of undos.splice(0).toReversed()) await run(command).catch(() => {})
  }
  for (const step of steps) {
    const failure = await run(step.command)
    if (failure === undefined) {
      if (step.undo !== undefined) undos.push(step.undo)
    } else if (step.kind === 'route' && EXISTS.test(failure)) {
      skippedRoutes.push(step.what)
    } else {
      await undo()
      throw stepError(step, failure)
    }
  }
  return { skippedRoutes, undo }
}

function stepError({ kind, what, command }: Step, failure: string): TunError {
  const told = `\`${command.join(' ')}\` failed: ${failure}`
  if (NOT_PERMITTED.test(failure)) {
    return new TunError('MP_TUN_PERMISSION', `setting up a TUN device needs root or CAP_NET_ADMIN: ${told}`)
  }
  return new TunError(CODES[kind], `cannot set ${kind} ${what}: ${told}`)
}
