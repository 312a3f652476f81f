import { setTimeout as sleep } from 'node:timers/promises'
import type { Namespace, Running } from '@mp/netlab'

const INTERVAL_MS = 50
const LOOK_MS = 10
const ANSWER = /^\[(\d+\.\d+)\] \d+ bytes from .* icmp_seq=(\d+) .*time=/gm

/** Whether one ping comes back. It leaves with the address `source`, by default with the one the kernel takes. */
export async function answers(from: Namespace, to: string, source?: string): Promise<boolean> {
  const bind = source === undefined ? [] : ['-I', source]
  return (await from.exec('ping', ['-n', '-c', '1', '-W', '0.5', ...bind, to])).code === 0
}

/** Pings twenty times a second until stopped, or until the lab goes. Times are those of the system clock, ms. */
export class PingWatch {
  readonly #running: Running

  constructor(from: Namespace, to: string) {
    this.#running = from.spawn('ping', ['-n', '-D', '-i', String(INTERVAL_MS / 1000), to])
  }

  /** When answers came. */
  answersMs(): number[] {
    return this.#answers().map(([, seconds]) => Number(seconds) * 1000)
  }

  /** How many, of those before the newest that was answered, were not. */
  lost(): number {
    const numbers = this.#answers().map(([, , number]) => Number(number))
    return Math.max(0, ...numbers) - new Set(numbers).size
  }

  /** Longest time without an answer from `sinceMs` until now. */
  silenceMs(sinceMs: number): number {
    let lastMs = sinceMs
    let longestMs = 0
    for (const atMs of [...this.answersMs().filter((each) => each > sinceMs), Date.now()]) {
      longestMs = Math.max(longestMs, atMs - lastMs)
      lastMs = atMs
    }
    return longestMs
  }

  /** Waits for the first answer after `sinceMs`; answers how long that took. */
  async answered(sinceMs: number, withinMs: number): Promise<number> {
    for (;;) {
      const atMs = this.answersMs().find((each) => each > sinceMs)
      if (atMs !== undefined) return atMs - sinceMs
      if (Date.now() > sinceMs + withinMs) throw new Error(`no ping came back within ${withinMs} ms`)
      await sleep(LOOK_MS)
    }
  }

  #answers(): RegExpExecArray[] {
    return [...this.#running.output().stdout.matchAll(ANSWER)]
  }

  async stop(): Promise<void> {
    await this.#running.kill('SIGINT')
  }
}
