import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { compiler } from './preload.ts'

const nodeHeaders = join(dirname(createRequire(import.meta.url).resolve('node-api-headers')), 'include')
const csrc = fileURLToPath(new URL('../csrc', import.meta.url))
const source = fileURLToPath(new URL('fixtures/far-headers.c', import.meta.url))
const cutting = ['segment.c', 'inner.c', 'checksum.c'].map((file) => join(csrc, file))

it.skipIf(!compiler)(
  'a super-packet whose headers would end further back than they are kept is not taken [needs compiler]',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'mp-far-headers-'))
    try {
      const program = join(folder, 'far-headers')
      const includes = [`-I${csrc}`, `-I${nodeHeaders}`]
      execFileSync('cc', ['-O1', '-D_GNU_SOURCE', ...includes, source, ...cutting, '-o', program])
      expect(execFileSync(program, { encoding: 'utf8' })).toMatch(/^[1-9]\d* taken, 0 wrong\n$/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)
