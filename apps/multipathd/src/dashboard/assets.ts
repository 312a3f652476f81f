import { readFileSync, readdirSync } from 'node:fs'
import { extname, join, sep } from 'node:path'

/** A file of the page. */
export interface Asset {
  readonly type: string
  readonly body: Buffer
  /** Its name changes with what is in it. */
  readonly isHashed: boolean
}

/** By the path in the address. */
export type Assets = ReadonlyMap<string, Asset>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Where the build puts the page. */
const PAGE_FOLDER: URL = new URL('../../dist/page/', import.meta.url)

/** Reads all files of the page, so that nothing that is asked for later can name a file. */
export function loadAssets(folder: URL = PAGE_FOLDER): Assets {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => extname(file) in TYPES,
  )
  return new Map(
    files.map((file) => {
      const path = `/${file.split(sep).join('/')}`
      const isHashed = path.startsWith('/assets/')
      const body = readFileSync(join(folder.pathname, file))
      return [path === '/index.html' ? '/' : path, { type: TYPES[extname(file)]!, body, isHashed }]
    }),
  )
}
