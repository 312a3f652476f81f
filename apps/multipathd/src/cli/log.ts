import { pino } from 'pino'
import type { Output } from './io.ts'

/** What is worth saying once. Never per packet: an enabled line costs microseconds. */
export interface Log {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

type Fields = Readonly<Record<string, unknown>>

/** Short lines for a person at a terminal, else one JSON object a line for a journal. */
export function createLog(
  output: Output,
  { tty = output.isTTY === true }: { readonly tty?: boolean } = {},
): Log {
  return tty ? lineLog(output) : jsonLog(output)
}

function jsonLog(output: Output): Log {
  const log = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void output.write(line) },
  )
  return {
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  }
}

function lineLog(output: Output): Log {
  const write =
    (level: string) =>
    (message: string, fields: Fields = {}): void => {
      const time = new Date().toTimeString().slice(0, 8)
      const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${plain(value)}`)
      output.write(`${time} ${level} ${message}${rest.join('')}\n`)
    }
  return { info: write('info '), warn: write('warn '), error: write('error') }
}

const plain = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
