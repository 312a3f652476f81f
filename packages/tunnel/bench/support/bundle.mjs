// The sources of tests are bundled first, because they are what is measured and Node does not read TypeScript everywhere.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
const alias = readdirSync(`${root}/packages`).map((name) => ({
  find: new RegExp(`^@mp/${name}$`),
  replacement: `${root}/packages/${name}/src/index.ts`,
}))

/** Bundles `entry`, a path below packages/tunnel/test, with all packages it imports. Returns the path of the module. */
export async function bundle(entry) {
  const outDir = `${root}/node_modules/.cache/${entry.replaceAll('/', '-')}`
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias },
    build: {
      ssr: `${root}/packages/tunnel/test/${entry}`,
      outDir,
      emptyOutDir: true,
      minify: false,
      rollupOptions: { output: { entryFileNames: 'main.mjs' } },
    },
  })
  return `${outDir}/main.mjs`
}
