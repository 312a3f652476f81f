import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// Tests read every workspace package from its TypeScript source, so that they need no build of it.
const packages = readdirSync(new URL('./packages', import.meta.url))

export default defineConfig({
  resolve: {
    alias: packages.flatMap((name) => {
      const src = new URL(`./packages/${name}/src/`, import.meta.url).pathname
      return [
        { find: new RegExp(`^@mp/${name}$`), replacement: `${src}index.ts` },
        { find: new RegExp(`^@mp/${name}/(.+)$`), replacement: `${src}$1/index.ts` },
      ]
    }),
  },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'examples/test/**/*.test.ts',
      'scripts/test/**/*.test.mjs',
    ],
    reporters: ['default', './scripts/closing-line.mjs'],
    testTimeout: 20_000,
  },
})
