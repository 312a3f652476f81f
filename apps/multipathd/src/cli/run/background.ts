import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askRunning, runsAlready } from '../../control/index.ts'
import type { Snapshot } from '../../daemon/snapshot.ts'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'

export interface BackgroundOptions {
  /** Node and what it is given. */
  readonly program: string
  readonly args: readonly string[]
  /** Where the daemon will answer. */
  readonly socketPath: string
  /** Where it writes its log; appended to. */
  readonly logFile: string
}

/** How long a daemon may take to open its control socket, ms, and then to have a way to the other side. */
const START_MS = 10_000
const CONNECT_MS = 5000
const LOOK_MS = 100
/** What is shown of the log of a daemon that did not start, lines. */
const LAST_LINES = 5

/**
 * Starts a daemon that goes on without us, and waits until it runs; a client also until a path works, if that does not
 * take long. Rejects with an {@link ExitError} with its last words when it ends.
 */
export async function startInBackground(options: BackgroundOptions): Promise<Snapshot> {
  const running = await askRunning(options.socketPath)
  if (running !== undefined) throw runsAlready(running)
  const child = launch(options)
  let snapshot: Snapshot | undefined
  const startedMs = Date.now()
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw lastWords(child, options.logFile)
    snapshot = await askRunning(options.socketPath)
    const waitedMs = Date.now() - startedMs
    if (snapshot === undefined && waitedMs > START_MS) throw lastWords(child, options.logFile)
    if (snapshot !== undefined && (isUp(snapshot) || waitedMs > CONNECT_MS)) return snapshot
    await sleep(LOOK_MS)
  }
}

function launch({ program, args, logFile }: BackgroundOptions): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 })
  const log = openSync(logFile, 'a', 0o600)
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] })
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** A server waits for its clients, however long they take. */
function isUp({ daemon, peers }: Snapshot): boolean {
  return daemon.role === 'server' || peers.some(({ paths }) => paths.some(({ isUsed }) => isUsed))
}

function lastWords({ exitCode }: ChildProcess, logFile: string): ExitError {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES)
  const code = Object.values(EXIT).find((each) => each === exitCode) ?? EXIT.unavailable
  return new ExitError(code, `the daemon did not start. ${logFile} ends with:\n  ${lines.join('\n  ')}`)
}
