import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { loadKeys, parseConfig } from '../config/index.ts'
import type { Config, Fault, ParseOptions } from '../config/index.ts'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'

/** What the command line says beside the file. */
export interface ReadOptions extends ParseOptions {
  /** In place of `stateDir` of the config. */
  readonly stateDir?: string | undefined
  /** In place of `control.socket`. */
  readonly socket?: string | undefined
}

/** Reads a config file and the key files it names. @throws ExitError when the config cannot be read. */
export function loadConfig(file: string, options: ReadOptions): ReturnType<typeof loadKeys> {
  const parsed = parseConfig(readText(file), options)
  if ('faults' in parsed) return parsed
  const { stateDir = parsed.config.stateDir, socket = parsed.config.control.socket } = options
  return loadKeys({ ...parsed.config, stateDir, control: { socket } }, dirname(file))
}

/** The config in `file`. @throws ExitError that names every fault. */
export function requireConfig(file: string, options: ReadOptions): Config {
  const result = loadConfig(file, options)
  if ('config' in result) return result.config
  throw new ExitError(EXIT.config, faultText(file, result.faults))
}

/** Every fault on a line of its own, under the name of the file. */
export function faultText(file: string, faults: readonly Fault[]): string {
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`
  const lines = faults.map(({ path, message }) => (path === '' ? `  ${message}` : `  ${path}: ${message}`))
  return [`${file} has ${count}:`, ...lines].join('\n')
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    throw new ExitError(EXIT.noInput, `cannot read the config "${file}": ${REASONS[code] ?? code}`)
  }
}
