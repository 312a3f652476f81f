// Bonding in the simulator: the table of test/matrix, for developing. `pnpm bench matrix --help` says what it takes.
import { bundle } from './support/bundle.mjs'

await import(await bundle('matrix/main.ts'))
