import { mkdtemp } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './process.ts'

const SOURCE = fileURLToPath(new URL('../csrc/line.c', import.meta.url))

let built: Promise<string> | undefined

/**
 * Builds the emulator of lines, once per process, into a folder that goes away with the process. Rejects with what the
 * compiler said.
 * @returns the path of the program.
 */
export function buildEmulator(): Promise<string> {
  built ??= build()
  return built
}

async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mplab-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const program = join(folder, 'line')
  await run(process.env['CC'] ?? 'cc', ['-O2', '-std=c11', '-o', program, SOURCE])
  return program
}
