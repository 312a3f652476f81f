import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-O3', '-march=native', '-Wall', '-Wextra', '-Werror']
const bench = join(import.meta.dirname, '..')

/** Where the bench puts what it makes; git ignores it. */
export const artifacts = join(bench, '../../../.artifacts/bench')

/**
 * Compiles the program that sends and receives, unless it is newer than its sources, and answers its path.
 *
 * @throws Error that says what is missing when it cannot be compiled.
 */
export function buildTraffic() {
  return compile('traffic', 'traffic', [], ['-lm'])
}

/** The same for all programs that stand beside the benches. */
export function buildPrograms() {
  const crypto = hasCrypto()
  return {
    crypto,
    traffic: buildTraffic(),
    // Two names, so that installing libssl-dev is noticed.
    reference: crypto
      ? compile('reference', 'reference-crypto', ['-DREF_CRYPTO'], ['-lcrypto'])
      : compile('reference', 'reference', []),
  }
}

function compile(folder, name, flags, libraries = []) {
  mkdirSync(artifacts, { recursive: true })
  const sources = readdirSync(join(bench, folder)).map((file) => join(bench, folder, file))
  const output = join(artifacts, name)
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs))
  if ((statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) return output
  const units = sources.filter((file) => file.endsWith('.c'))
  const { error, status } = cc([...FLAGS, ...flags, ...units, '-o', output, ...libraries])
  if (error !== undefined)
    throw new Error('the bench needs a C compiler (apt-get install gcc), or its name in CC')
  if (status !== 0) throw new Error(`${name} does not compile`)
  return output
}

function hasCrypto() {
  return cc(['-E', '-x', 'c', '-'], '#include <openssl/evp.h>\n').status === 0
}

function cc(args, input) {
  const [compiler, ...wrapped] = (process.env.CC || 'cc').split(' ')
  const stdio = input === undefined ? 'inherit' : ['pipe', 'ignore', 'ignore']
  return spawnSync(compiler, [...wrapped, ...args], { stdio, input })
}
