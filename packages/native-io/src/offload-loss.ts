import { channel } from 'node:diagnostics_channel'

/** Something that a kernel or a device turned out not to do right, and is not asked for any more. */
export interface OffloadLoss {
  /** Who goes on without it, for people: `TUN device mp0`. */
  readonly of: string
  /** As the options are called: `gso`, `tso`, `uso`, `coalesce`. */
  readonly offloads: readonly string[]
  readonly reason: string
}

/** One for the process, as kernel and devices are. */
const losses = channel('mp:offload-loss')

/** Has `listener` told of each loss once, when it happens, whichever socket or device it meets. @returns what ends it. */
export function onOffloadLoss(listener: (loss: OffloadLoss) => void): () => void {
  const hear = (loss: unknown): void => listener(loss as OffloadLoss)
  losses.subscribe(hear)
  return () => {
    losses.unsubscribe(hear)
  }
}

export function tellOffloadLoss(loss: OffloadLoss): void {
  losses.publish(loss)
}
