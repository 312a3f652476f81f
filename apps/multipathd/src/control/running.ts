import { EXIT } from '../cli/exit-codes.ts'
import { ExitError } from '../cli/explain.ts'
import type { Snapshot } from '../daemon/snapshot.ts'
import { ControlClient } from './client.ts'

/** How the daemon is that answers at the control socket `path`; undefined when none does. */
export async function askRunning(path: string): Promise<Snapshot | undefined> {
  let client: ControlClient | undefined
  try {
    client = await ControlClient.connect(path)
    return (await client.request('status')) as Snapshot
  } catch {
    return undefined
  } finally {
    client?.close()
  }
}

/** Why a second daemon does not start beside the one that runs. */
export function runsAlready({ daemon: { name, pid } }: Snapshot): ExitError {
  return new ExitError(
    EXIT.unavailable,
    `${name} runs already, as process ${pid}: \`multipathd reload\` has it follow its config, \`multipathd down\` ends it`,
  )
}
