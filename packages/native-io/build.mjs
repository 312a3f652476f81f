// Compiles csrc/ into prebuilds/<platform>-<arch>[-musl]/mp_native_io.node: one C compiler, no Node headers, no network.
// CC names the compiler (default cc), CFLAGS adds flags. Without a compiler this says so and succeeds, since there are
// portable backends; MP_NATIVE=require turns that into a failure.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { include_dir as headers } from 'node-api-headers'

const root = import.meta.dirname
const musl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime
const target = `${process.platform}-${process.arch}${musl ? '-musl' : ''}`
const output = join(root, 'prebuilds', target, 'mp_native_io.node')
const sources = readdirSync(join(root, 'csrc'))
  .filter((name) => name.endsWith('.c'))
  .map((name) => join(root, 'csrc', name))
const [compiler, ...wrapped] = (process.env.CC || 'cc').split(' ')
const flags = ['-std=gnu11', '-D_GNU_SOURCE', '-DNAPI_VERSION=9', `-I${headers}`]
flags.push('-O2', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-fvisibility=hidden')
// The functions of Node and libuv are found in the program that loads the addon.
if (process.platform === 'linux') flags.push('-fno-plt')
if (process.platform === 'darwin') flags.push('-Wl,-undefined,dynamic_lookup')
if (process.env.CFLAGS) flags.push(...process.env.CFLAGS.split(' '))

mkdirSync(dirname(output), { recursive: true })
const { status, error } = spawnSync(compiler, [...wrapped, ...flags, ...sources, '-o', output], {
  stdio: 'inherit',
})
if (status !== 0) {
  const found = error ? `no C compiler (${compiler}: ${error.code})` : `${compiler} failed`
  process.stderr.write(`NOT BUILT: @mp/native-io: ${found}. The portable backends are used instead.\n`)
  process.stderr.write(
    'To have it: install a C compiler (apt-get install gcc), or name one in CC, and build again.\n',
  )
  process.exitCode = error && process.env.MP_NATIVE !== 'require' ? 0 : 1
}
