import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadNativeIo } from '@mp/native-io'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { requires } from '@mp/netlab'
import { moduleComment } from '../docs.mjs'
import { readText, root } from '../lib/files.mjs'

// What a README shows must compile for whoever copies it, and do what it says.

/** These make devices and networks: their packages' own tests do that where it may be done. */
const NOT_RUN = new Set(['tun', 'netlab'])

/** Every example: each stands for itself. */
const examples = readdirSync(join(root, 'packages')).flatMap((folder) => {
  const comment = moduleComment(readText(`packages/${folder}/src/index.ts`)) ?? ''
  const codes = [...comment.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code)
  return codes.map((code, index) => ({ folder, code, name: `${folder}-${index + 1}` }))
})

/** What an example says it prints: the remarks behind `console.log(…)`. */
const promises = (code) => [...code.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map(([, remark]) => remark)

let folder
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'multipathd-readmes-'))
  for (const { name, code } of examples) writeFileSync(join(folder, `${name}.ts`), `${code}export {}\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

describe('the examples of the READMEs', () => {
  test('are there for every package with code', () => {
    const shown = new Set(examples.map(({ folder: each }) => each))
    expect(readdirSync(join(root, 'packages')).filter((each) => !shown.has(each))).toEqual(['interface'])
  })

  test('compile as strictly as our own code', () => {
    const compilerOptions = {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      typeRoots: [join(root, 'node_modules/@types')],
      paths: { '@mp/*': [join(root, 'packages/*/src/index.ts')] },
    }
    const config = { extends: join(root, 'tsconfig.node.json'), compilerOptions, include: ['.'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })

  const missing = requires([], { native: loadNativeIo().io !== undefined })
  for (const { folder: owner, name, code } of examples.filter((each) => !NOT_RUN.has(each.folder))) {
    const needs = owner === 'native-io' ? ' [needs native]' : ''
    test.skipIf(needs !== '' && missing.length > 0)(
      `${name} runs, and prints what it says${needs}`,
      async () => {
        const printed = []
        vi.spyOn(console, 'log').mockImplementation((...words) => printed.push(words.join(' ')))
        await import(/* @vite-ignore */ join(folder, `${name}.ts`))
        const kept = promises(code).filter((remark) => printed.some((line) => remark.startsWith(line)))
        expect(kept).toEqual(promises(code))
      },
    )
  }
})
