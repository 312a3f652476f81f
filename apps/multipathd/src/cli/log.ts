import { pino } from 'pino'
import { LOG_LEVELS } from '../config/schema/log.ts'
import type { LogFormat, LogLevel } from '../config/schema/log.ts'
import type { Output } from './io.ts'

/** What is worth saying once. Never per packet: an enabled line costs microseconds. */
export interface Log {
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

/** A log that may become more or less talkative. */
export interface LeveledLog extends Log {
  /** Lines below `level` are left out from now on. */
  setLevel(level: LogLevel): void
}

export type Fields = Readonly<Record<string, unknown>>

export interface LogOptions {
  /** `auto`: text for a person at a terminal, else JSON. Default `auto`. */
  readonly format?: LogFormat | undefined
  /** Lines below it are left out. Default `info`. */
  readonly level?: LogLevel | undefined
}

type Say = (level: LogLevel, message: string, fields: Fields) => void

/** Short lines for a person at a terminal, else one JSON object a line for a journal. */
export function createLog(output: Output, { format = 'auto', level = 'info' }: LogOptions = {}): LeveledLog {
  const isText = format === 'text' || (format === 'auto' && output.isTTY === true)
  const say = isText ? sayText(output) : sayJson(output)
  let least = LOG_LEVELS.indexOf(level)
  const setLevel = (next: LogLevel): void => {
    least = LOG_LEVELS.indexOf(next)
  }
  const at =
    (each: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (LOG_LEVELS.indexOf(each) >= least) say(each, message, fields)
    }
  return { info: at('info'), warn: at('warn'), error: at('error'), setLevel }
}

function sayJson(output: Output): Say {
  const log = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void output.write(line) },
  )
  return (level, message, fields) => log[level](fields, message)
}

function sayText(output: Output): Say {
  return (level, message, fields) => {
    const time = new Date().toTimeString().slice(0, 8)
    const rest = Object.entries(fields)
      .filter(([, value]) => !isSaidBy(message, value))
      .map(([key, value]) => ` ${key}=${plain(value)}`)
    output.write(`${time} ${level.padEnd(5)} ${message}${rest.join('')}\n`)
  }
}

/** Once is enough for a person; programs get the field all the same. */
function isSaidBy(message: string, value: unknown): boolean {
  return typeof value === 'string' && value !== '' && message.includes(value)
}

const plain = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
