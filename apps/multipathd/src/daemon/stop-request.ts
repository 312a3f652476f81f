import { EXIT } from '../cli/exit-codes.ts'
import type { ExitCode } from '../cli/exit-codes.ts'
import { explain } from '../cli/explain.ts'
import type { Io } from '../cli/io.ts'

/** Why and how the daemon ends. */
export interface Stop {
  readonly exit: ExitCode
  readonly reason: string
}

/**
 * Waits for the first reason to stop: a signal, an exception that nobody caught, or whoever calls `request`. A second
 * signal or exception ends the process at once.
 */
export class StopRequest {
  readonly requested: Promise<Stop>
  /** Settles {@link requested}; only the first reason counts. */
  request: (stop: Stop) => void = () => {}

  /** An exception is explained to `io`. */
  constructor(io: Io) {
    this.requested = new Promise((resolve) => {
      this.request = resolve
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => this.request({ exit: EXIT.ok, reason: signal }))
    }
    process.once('uncaughtException', (error) =>
      this.request({ exit: explain(error, io), reason: 'an exception that nobody caught' }),
    )
  }

  /** The TUN device is gone; without an `error` because we closed it ourselves. */
  handleTunClose(name: string, error: Error | undefined): void {
    if (error !== undefined)
      this.request({ exit: EXIT.unavailable, reason: `${name} is gone: ${error.message}` })
  }
}
