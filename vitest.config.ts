import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

// Tests read every workspace package from its TypeScript source, so that they need no build of it.
const packages = readdirSync(new URL('./packages', import.meta.url))

/** Real daemons over real links. They measure time, so they run after all others and one file at a time. */
const SYSTEM = 'apps/*/test/system/**/*.test.ts'

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
    // Vitest would leave one core to a person in front of the machine.
    maxWorkers: availableParallelism(),
    reporters: ['default', './scripts/closing-line.mjs'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/test/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'examples/test/**/*.test.ts',
            'scripts/test/**/*.test.mjs',
          ],
          exclude: [...configDefaults.exclude, SYSTEM],
          testTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: [SYSTEM],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
