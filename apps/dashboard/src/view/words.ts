import type { Snapshot } from '../feed/types.ts'

/** What the two directions are called, seen from where the daemon is. */
export interface Words {
  readonly rx: string
  readonly tx: string
}

/** At home people say down and up; a server is at neither end of that. */
export function wordsFor(role: Snapshot['daemon']['role']): Words {
  return role === 'client' ? { rx: 'Down', tx: 'Up' } : { rx: 'From client', tx: 'To client' }
}
