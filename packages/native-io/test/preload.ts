import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether there is a C compiler. */
export const compiler: boolean = spawnSync('cc', ['--version']).status === 0

/** A library for LD_PRELOAD, with which a program meets another kernel. */
export interface Preload {
  readonly path: string
  remove(): void
}

/** Compiles `fixtures/<name>.c`. */
export function buildPreload(name: string): Preload {
  const folder = mkdtempSync(join(tmpdir(), 'mp-preload-'))
  const path = join(folder, `${name}.so`)
  const source = fileURLToPath(new URL(`fixtures/${name}.c`, import.meta.url))
  execFileSync('cc', ['-shared', '-fPIC', '-D_GNU_SOURCE', source, '-o', path])
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}
