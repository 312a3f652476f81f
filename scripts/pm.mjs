// Runs a script of this workspace through the pinned pnpm, so that a bare `npm start` or `npm test` on a fresh
// clone needs nothing but npm: it takes pnpm from PATH when that is the pinned version, else from the registry.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const pin = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).packageManager
const found = spawnSync('pnpm', ['--version'], { encoding: 'utf8' })
const [command, ...prefix] =
  `pnpm@${found.stdout?.trim()}` === pin ? ['pnpm'] : ['npx', '--loglevel=error', '-y', pin]

for (const args of [
  ['install', '--frozen-lockfile'],
  // Silent: else pnpm adds lines of its own behind the last one of the script.
  ['--silent', 'run', ...process.argv.slice(2)],
]) {
  const { status } = spawnSync(command, [...prefix, ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
