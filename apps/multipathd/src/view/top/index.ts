export { History } from './history.ts'
export { topScreen } from './screen.ts'
export type { Terminal } from './screen.ts'
