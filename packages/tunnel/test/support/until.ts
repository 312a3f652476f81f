import type { SimRuntime } from '@mp/testkit'

const LOOK_MS = 10

/** Lets simulated time pass until `holds`. @returns how long it took, ms. */
export async function until(
  holds: () => boolean,
  limitMs: number,
  { runtime, trace }: { readonly runtime: SimRuntime; readonly trace: readonly string[] },
): Promise<number> {
  const startMs = runtime.nowMs()
  while (!holds()) {
    if (runtime.nowMs() - startMs >= limitMs)
      throw new Error(`not within ${limitMs} ms: ${String(holds)}\n${trace.join('\n')}`)
    await runtime.advance(LOOK_MS)
  }
  return runtime.nowMs() - startMs
}
