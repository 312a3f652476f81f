import { z } from 'zod'
import type { DashboardHost } from '../dashboard/host.ts'
import type { EventLog } from '../daemon/event-log.ts'
import type { Living } from '../daemon/living.ts'
import type { Monitor } from '../daemon/monitor.ts'
import type { Tracing } from '../daemon/tracing.ts'
import { ControlError } from './protocol.ts'

/** What commands act on. */
export interface ControlContext {
  readonly monitor: Monitor
  readonly events: EventLog
  readonly tracing: Tracing
  /** What can change of the daemon. */
  readonly living: Living
  readonly dashboard: Pick<DashboardHost, 'url'>
}

interface Named {
  /** As clients call it: `status`, `watch-events`. */
  readonly name: string
  /** What it does, in a line, for `commands`. */
  readonly about: string
  readonly params: z.ZodType
}

/** A command with one answer. It throws a {@link ControlError} to refuse, and for wrong parameters. */
export interface Query extends Named {
  run(context: ControlContext, params: unknown): unknown
}

/** Sends something now and then, until it ends by itself or nobody wants it any more. */
export interface Subscription extends Named {
  /** Begins, or throws a {@link ControlError}; what is returned ends it, and is called once. */
  open(context: ControlContext, params: unknown, sink: Sink): () => void
}

/** Where a subscription sends to. */
export interface Sink {
  /** So much waits to be read that items should be left out, if they can be. */
  readonly isBehind: boolean
  /** One item, anything that is JSON. */
  send(item: unknown): void
  /** There is no more, and why. */
  end(reason: string): void
}

export type Command = Query | Subscription

type Specified<P> = Omit<Named, 'params'> & { readonly params: z.ZodType<P> }

/** A query whose parameters are looked at before it runs. */
export function query<P>(
  specified: Specified<P> & { run(context: ControlContext, params: P): unknown },
): Query {
  const { name, about, params } = specified
  return { name, about, params, run: (context, given) => specified.run(context, parse(params, given)) }
}

/** A subscription whose parameters are looked at before it begins. */
export function subscription<P>(
  specified: Specified<P> & { open(context: ControlContext, params: P, sink: Sink): () => void },
): Subscription {
  const { name, about, params } = specified
  const open: Subscription['open'] = (context, given, sink) =>
    specified.open(context, parse(params, given), sink)
  return { name, about, params, open }
}

function parse<P>(schema: z.ZodType<P>, given: unknown): P {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  throw new ControlError('bad-params', z.prettifyError(parsed.error))
}
