import { openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './process.ts'

const SOURCE = fileURLToPath(new URL('../csrc/line.c', import.meta.url))

let built: Promise<string> | undefined

/**
 * Builds the emulator of lines, once per process. Rejects with what the compiler said.
 * @returns a path of the program that works while this process lives. Its file has no name any more, so that nothing is
 * left however the process ends.
 */
export function buildEmulator(): Promise<string> {
  built ??= build()
  return built
}

async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mplab-'))
  try {
    const program = join(folder, 'line')
    await run(process.env['CC'] ?? 'cc', ['-O2', '-std=c11', '-o', program, SOURCE])
    return `/proc/${process.pid}/fd/${openSync(program, 'r')}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
