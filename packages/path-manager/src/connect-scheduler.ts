import type { Schedulable, Scheduler } from '@mp/interface'
import type { PathManager } from './path-manager.ts'

/**
 * Keeps `scheduler` in step with `paths`: all paths are in it, and the active ones are runnable. Paths known already
 * are brought in at once. Connect before subscribing listeners that use the scheduler, so that it is told first.
 *
 * Throws what `scheduler.add` throws for a path known already, and then nothing is connected. What it throws for a path
 * appended later goes to the `onError` of `paths`, and that path is not scheduled.
 *
 * @returns a function that disconnects: it takes out of the scheduler what was brought in. It may be called again.
 */
export function connectScheduler<P extends Schedulable>(
  paths: PathManager<P>,
  scheduler: Scheduler<P>,
): () => void {
  const added = new Set<P>()
  const add = (path: P, runnable: boolean): void => {
    scheduler.add(path)
    added.add(path)
    if (!runnable) scheduler.suspend(path)
  }
  const unsubscribe = paths.subscribe((event) => {
    const { type, path } = event
    if (type === 'append') return add(path, event.state === 'active')
    if (!added.has(path)) return
    if (type === 'remove') added.delete(path)
    scheduler[type](path)
  })
  const disconnect = (): void => {
    unsubscribe()
    for (const path of added) scheduler.remove(path)
    added.clear()
  }
  try {
    for (const path of paths) add(path, paths.state(path.id) === 'active')
  } catch (error) {
    disconnect()
    throw error
  }
  return disconnect
}
