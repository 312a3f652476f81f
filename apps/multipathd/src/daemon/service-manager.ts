import type { Runtime, Timer } from '@mp/interface'
import { messageOf } from '../cli/explain.ts'
import type { Log } from '../cli/log.ts'

export interface ServiceManagerParts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly runtime: Pick<Runtime, 'nowMs' | 'setTimer'>
  readonly log: Log
  /** Sends lines like `READY=1` to the socket. May throw. */
  readonly notify: (socketPath: string, text: string) => void
  /** How the daemon is, in a line. */
  readonly status: () => string
}

/** The watchdog is fed this often within its time, as sd_watchdog_enabled(3) advises. */
const MEALS = 2
/** Without a watchdog the status is told this often, ms. */
const STATUS_MS = 30_000

/** Tells systemd that the daemon is up, how it is, and that it still turns; nothing where nobody asked for it. */
export class ServiceManager {
  readonly #parts: ServiceManagerParts
  #socketPath: string | undefined
  readonly #everyMs: number
  readonly #isWatched: boolean
  #timer: Timer | undefined

  constructor(parts: ServiceManagerParts) {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = parts.env
    this.#parts = parts
    this.#socketPath = NOTIFY_SOCKET || undefined
    const watchdogMs = Number(WATCHDOG_USEC) / 1000
    const isMeant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid
    this.#isWatched = isMeant && watchdogMs > 0
    this.#everyMs = this.#isWatched ? watchdogMs / MEALS : STATUS_MS
  }

  /** Everything is open: who waits for the daemon may go on. */
  ready(): void {
    this.#tell(`READY=1\nSTATUS=${this.#parts.status()}`)
    this.#arm()
  }

  /** The daemon is about to end. Idempotent. */
  stopping(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#tell('STOPPING=1')
  }

  #arm(): void {
    if (this.#socketPath === undefined) return
    const { runtime, status } = this.#parts
    this.#timer = runtime.setTimer(runtime.nowMs() + this.#everyMs, () => {
      this.#tell(`${this.#isWatched ? 'WATCHDOG=1\n' : ''}STATUS=${status()}`)
      this.#arm()
    })
  }

  #tell(text: string): void {
    const { log, notify } = this.#parts
    if (this.#socketPath === undefined) return
    try {
      notify(this.#socketPath, text)
    } catch (error) {
      this.#socketPath = undefined
      log.warn(`${messageOf(error)}: the service manager is told nothing more`)
    }
  }
}
