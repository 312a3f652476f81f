import { fstatSync, writeFileSync } from 'node:fs'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'
import type { Output } from './io.ts'

/** What it is called in messages. */
export const STDOUT = 'the standard output'

/**
 * Prints the result of a command; settled when the system has all of it. Rejects with what {@link unwritten} says. The log
 * of a daemon goes another way: a tunnel is worth more than what is said of it.
 */
export async function print(output: Output, text: string): Promise<void> {
  try {
    // The stream that Node makes of a file leaves out, without a word, what a full disk has no room for.
    if (isFile(output)) writeFileSync(output.fd!, text)
    else await written(output, text)
  } catch (error) {
    throw unwritten(STDOUT, error)
  }
}

/** What is said of a place that did not take a result. One whose reader went away, as in `| head`, ends the program in good order. */
export function unwritten(place: string, error: unknown): ExitError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EPIPE') return new ExitError(EXIT.ok, 'nobody reads any more')
  const advice = 'what is there is not whole: make room, or choose another place, and ask again'
  return new ExitError(EXIT.notWritten, `${place} does not take the result: ${message}; ${advice}`)
}

function isFile({ fd }: Output): boolean {
  return fd !== undefined && fstatSync(fd).isFile()
}

function written(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()))
  })
}
