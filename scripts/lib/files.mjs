import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

const SKIPPED = new Set(['node_modules', 'dist', 'prebuilds', 'coverage', '.git', '.turbo', '.artifacts'])

/** Paths of all files below `folder`, relative to the repository, that git would keep. */
export function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return []
    const path = relative(root, join(root, folder, entry.name))
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

export const readText = (path) => readFileSync(join(root, path), 'utf8')

export const readJson = (path) => JSON.parse(readText(path))

/** True when the file itself was started, not imported. */
export const isMain = (url) => process.argv[1] === fileURLToPath(url)
