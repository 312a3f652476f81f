import { setTimeout as sleep } from 'node:timers/promises'

interface Patience {
  /** Longest wait, ms. Default 5000. */
  readonly limitMs?: number
  /** What to say when it is over. Default: what was waited for. */
  readonly found?: () => string
}

const LOOK_MS = 5

/** Waits in real time until `isSo`, looking every few milliseconds; rejects when that takes too long. */
export async function waitFor(
  isSo: () => boolean,
  { limitMs = 5000, found = () => `never: ${String(isSo)}` }: Patience = {},
): Promise<void> {
  for (let look = 0; look < limitMs / LOOK_MS; look++) {
    if (isSo()) return
    await sleep(LOOK_MS)
  }
  throw new Error(found())
}
