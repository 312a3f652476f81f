import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** What is kept of each output stream, UTF-16 units: the newest part of it. */
const OUTPUT_LIMIT = 1 << 20

/** How to run a program. */
export interface RunOptions {
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input, which is then closed. Default: nothing. */
  readonly input?: string
  /** Standard input stays open, for the caller to write to. Default false. */
  readonly keepsInput?: boolean
  /** The process is killed after this time, milliseconds. Default: never. */
  readonly timeoutMs?: number
}

/** The words of a command line whose parts hold no blanks. */
export const words = (text: string): string[] => text.split(' ')

/** How a process ended. */
export interface Finished {
  /** Exit code, null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The newest 1 MiB of each stream. */
  readonly stdout: string
  readonly stderr: string
}

/** A process under way. It is killed when its lab is disposed. */
export interface Running {
  readonly pid: number | undefined
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** Standard output and standard error so far, the newest 1 MiB of each. */
  output(): { readonly stdout: string; readonly stderr: string }
  /**
   * Settles when the output matches `pattern`, with the match.
   * @throws Error with the output when the process ends or `timeoutMs` (default 10 000) passes before that.
   */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Sends a signal, SIGTERM by default, and settles when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<Finished>
  /** Never rejects, except when the program could not be started. */
  readonly exited: Promise<Finished>
}

/** Starts a program with an array of arguments; no shell is involved. */
export function start(file: string, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.timeoutMs === undefined
      ? {}
      : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
  })
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] = (text[stream] + chunk).slice(-OUTPUT_LIMIT)
    })
  }
  // A program that ends without reading its input is no fault of ours.
  child.stdin.on('error', () => {})
  if (options.keepsInput !== true) child.stdin.end(options.input ?? '')
  const exited = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, ...text }))
  })
  // Whoever awaits it sees the rejection; nobody has to.
  exited.catch(() => {})
  return {
    pid: child.pid,
    child,
    exited,
    output: () => ({ ...text }),
    waitFor: (pattern, timeoutMs = 10_000) => waitFor({ child, exited, text }, pattern, timeoutMs),
    kill: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exited
    },
  }
}

/**
 * Runs a program to its end and answers its standard output.
 * @throws Error that names the command and what it said when its exit code is not 0.
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await start(file, args, options).exited
  if (code === 0) return stdout
  const said = (stderr || stdout).trim()
  throw new Error(`\`${[file, ...args].join(' ')}\` ended with ${code ?? signal}: ${said}`)
}

interface Watched {
  readonly child: Running['child']
  readonly exited: Promise<Finished>
  readonly text: { readonly stdout: string; readonly stderr: string }
}

function waitFor(
  { child, exited, text }: Watched,
  pattern: RegExp,
  timeoutMs: number,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const match = pattern.exec(text.stdout) ?? pattern.exec(text.stderr)
      if (match === null) return
      stop()
      resolve(match)
    }
    const fail = (why: string): void => {
      stop()
      reject(new Error(`no output matched ${pattern}: ${why}. Output: ${text.stdout}${text.stderr}`))
    }
    const timer = setTimeout(() => fail(`waited ${timeoutMs} ms`), timeoutMs)
    const stop = (): void => {
      clearTimeout(timer)
      child.stdout.off('data', look)
      child.stderr.off('data', look)
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    exited.then(({ code, signal }) => fail(`the process ended with ${code ?? signal}`), reject)
    look()
  })
}
