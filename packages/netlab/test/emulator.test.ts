import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLab, requires } from '@mp/netlab'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const missing = requires(['root', 'tun', 'netns', 'cc'])

// A file of its own, since a process builds the emulator once.
describe.skipIf(missing.length > 0)('the program of a line [needs root, tun, netns, cc]', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mp-emulator-'))
    vi.stubEnv('TMPDIR', folder)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  test('runs for each line, though no file of it is left', async () => {
    const lab = await createLab()
    try {
      const [a, b] = [await lab.namespace('a'), await lab.namespace('b')]
      for (const net of [1, 2]) {
        await lab.line(a, b, { aAddress: [`10.77.${net}.1/24`], bAddress: [`10.77.${net}.2/24`] })
        expect(readdirSync(folder)).toEqual([])
      }
    } finally {
      await lab.dispose()
    }
  })
})
