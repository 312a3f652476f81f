import { readFileSync } from 'node:fs'
import { parseConfig } from '../config/index.ts'
import type { Config, Fault, ParseOptions } from '../config/index.ts'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'

/** Reads and parses a config file. @throws ExitError when the file cannot be read. */
export function loadConfig(file: string, options: ParseOptions): ReturnType<typeof parseConfig> {
  return parseConfig(readText(file), options)
}

/** The config in `file`. @throws ExitError that names every fault. */
export function requireConfig(file: string, options: ParseOptions): Config {
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
