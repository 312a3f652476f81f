import { vi } from 'vitest'
import type { SimRuntime } from '../sim-runtime.ts'

/** How a suite lets time pass, so that it need not know whether time is real. */
export interface Wait {
  /** Resolves once `predicate` holds; rejects when it takes too long. */
  until(predicate: () => boolean): Promise<void>
  /** Lets all that is under way arrive. */
  settle(): Promise<void>
}

/** How patient a {@link Wait} is. */
export interface WaitOptions {
  /** Longest wait of `until`, ms. Default 5000. */
  readonly timeoutMs?: number
  /** Length of `settle`, ms. Default 50. */
  readonly settleMs?: number
}

/** Waits in real time: for sockets and devices of the system. */
export function realWait({ timeoutMs = 5000, settleMs = 50 }: WaitOptions = {}): Wait {
  return {
    until: async (predicate) => {
      await vi.waitUntil(predicate, { timeout: timeoutMs, interval: 2 })
    },
    settle: async () => {
      let looks = 0
      await vi.waitUntil(() => looks++ > 0, { timeout: timeoutMs + settleMs, interval: settleMs })
    },
  }
}

/** Waits in the time of a simulation, from timer to timer. */
export function simWait(runtime: SimRuntime, { timeoutMs = 5000, settleMs = 50 }: WaitOptions = {}): Wait {
  return {
    until: async (predicate) => {
      const deadlineMs = runtime.nowMs() + timeoutMs
      await runtime.settle()
      while (!predicate()) {
        const nextMs = runtime.pollTimeout()
        if (nextMs > deadlineMs)
          throw new Error(`not within ${timeoutMs} ms of simulated time: ${String(predicate)}`)
        // The predicate is asked after every timer.
        await runtime.advance(nextMs - runtime.nowMs())
      }
    },
    settle: () => runtime.advance(settleMs),
  }
}
