import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadKeys, parseConfig } from '../config/index.ts'
import type { Config, Fault, KeySource, KnownKeys, ParseOptions } from '../config/index.ts'
import { EXIT } from './exit-codes.ts'
import { ExitError } from './explain.ts'

/** Where installed configs are. */
export const CONFIG_FOLDER = '/etc/multipathd'

/** `home` means /etc/multipathd/home.json, unless there is a file of that name here. */
export function configFileOf(nameOrFile: string): string {
  const isName = /^[\w@-]+$/.test(nameOrFile) && !existsSync(nameOrFile)
  return isName ? join(CONFIG_FOLDER, `${nameOrFile}.json`) : nameOrFile
}

interface LoadOptions extends ParseOptions {
  /** Of earlier readings. */
  readonly knownKeys?: KnownKeys
}

/** Reads a config, a file or the name of one, and the key files it names. @throws ExitError when it cannot be read. */
export function loadConfig(nameOrFile: string, options: LoadOptions): ReturnType<typeof loadKeys> {
  const file = configFileOf(nameOrFile)
  const parsed = parseConfig(readText(file), options)
  return 'faults' in parsed ? parsed : loadKeys(parsed.config, dirname(file), options.knownKeys)
}

/** The config in `file`. @throws ExitError that names every fault. */
export function requireConfig(file: string, options: LoadOptions): Config {
  const result = loadConfig(file, options)
  if ('config' in result) return result.config
  throw new ExitError(EXIT.config, faultText(file, result.faults))
}

/** The config in `file`, its key files unread. @throws ExitError that names every fault. */
export function requireParsed(file: string, options: ParseOptions): Config<KeySource> {
  const result = parseConfig(readText(configFileOf(file)), options)
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
  EACCES: 'the user that this runs as may not read it',
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
