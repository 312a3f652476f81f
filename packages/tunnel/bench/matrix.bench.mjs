// Bonding in the simulator: the table of test/matrix, for developing. `pnpm bench matrix --help` says what it takes.
// The sources are bundled first, because they are what is measured and Node does not read TypeScript everywhere.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const outDir = `${root}/node_modules/.cache/matrix`
const alias = readdirSync(`${root}/packages`).map((name) => ({
  find: new RegExp(`^@mp/${name}$`),
  replacement: `${root}/packages/${name}/src/index.ts`,
}))
await build({
  root,
  configFile: false,
  logLevel: 'error',
  resolve: { alias },
  build: { ssr: `${root}/packages/tunnel/test/matrix/main.ts`, outDir, emptyOutDir: true, minify: false },
})
await import(`${outDir}/main.js`)
