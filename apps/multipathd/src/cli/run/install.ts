import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { parseConfig } from '../../config/index.ts'
import type { KeySource } from '../../config/index.ts'
import { Secret } from '@mp/secure-channel'
import { EXIT } from '../exit-codes.ts'
import { ExitError } from '../explain.ts'
import { commandOf } from '../init/command.ts'
import type { Io } from '../io.ts'
import { CONFIG_FOLDER, configFileOf, requireConfig } from '../load.ts'
import { print } from '../print.ts'
import { writeSecretFiles } from '../secret-files.ts'

const UNIT_NAME = 'multipathd@.service'
/** Where the administrator's own units are: they go before those of packages. */
const UNIT_FOLDER = '/etc/systemd/system'
/** Where the program is in the unit that comes with it. */
const PACKAGED_PROGRAM = '/usr/bin/multipathd'

/** Installs a config that has no faults: nothing is changed when it has some, or stands there already. */
export async function install(
  nameOrFile: string,
  { name, root }: { readonly name?: string; readonly root: string },
  io: Io,
): Promise<void> {
  const file = configFileOf(nameOrFile)
  requireConfig(file, {})
  const called = name ?? basename(file, '.json')
  const folder = join(root, CONFIG_FOLDER)
  const target = join(folder, `${called}.json`)
  if (existsSync(target))
    throw new ExitError(EXIT.exists, `"${target}" is there already: choose another --name`)
  const keys = keyFilesOf(file).map((key) => ({
    key,
    from: resolve(dirname(file), key),
    to: join(folder, key),
  }))
  const taken = keys.find(({ from, to }) => existsSync(to) && !isSame(from, to))
  if (taken !== undefined) throw new ExitError(EXIT.exists, takenText(taken))
  const unit = join(root, UNIT_FOLDER, UNIT_NAME)
  mkdirSync(dirname(unit), { recursive: true })
  // Before the config, whose being there keeps this from being done again when it fails.
  writeFileSync(unit, unitFor(io))
  const secrets: Record<string, Buffer> = {}
  for (const { key, from } of keys) secrets[key] = readFileSync(from)
  writeSecretFiles(folder, { ...secrets, [`${called}.json`]: readFileSync(file) })
  if (root === '/' && existsSync('/run/systemd/system')) spawnSync('systemctl', ['daemon-reload'])
  const start = `sudo systemctl enable --now multipathd@${called}`
  await print(
    io.stdout,
    `Installed ${target} and ${unit}. Start it now and at every boot with\n\n  ${start}\n`,
  )
}

/** Key files beside the config; those with a whole path stay where they are. */
function keyFilesOf(file: string): readonly string[] {
  const parsed = parseConfig(readFileSync(file, 'utf8'))
  if ('faults' in parsed || parsed.config.security === 'none') return []
  const { security, server } = parsed.config
  const sources = [
    security.privateKey,
    security.presharedKey,
    ...(server?.peers ?? []).map((peer) => peer.presharedKey),
  ]
  return sources.flatMap((source: KeySource | undefined) =>
    source === undefined || source instanceof Secret || isAbsolute(source.file) ? [] : [source.file],
  )
}

const isSame = (one: string, other: string): boolean => readFileSync(one).equals(readFileSync(other))

/** A private key that is overwritten is gone for good. */
const takenText = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  `"${to}" holds another key already: give "${from}" another name, in its config too`

/** The unit that comes with the program, for where the program is. */
function unitFor({ argv = [] }: Io): string {
  const text = readFileSync(new URL(`../../../service/${UNIT_NAME}`, import.meta.url), 'utf8')
  const command = commandOf({ argv })
  if (command === 'multipathd') return text
  return text.replaceAll(PACKAGED_PROGRAM, command.replace(/^node/, process.execPath))
}
