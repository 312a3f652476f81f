import { z } from 'zod'
import { query, subscription } from '../command.ts'
import type { Query, Subscription } from '../command.ts'

const recent = {
  limit: z.number().int().min(0).max(1000),
  after: z.number().int().min(0).default(0),
}

export const events: Query = query({
  name: 'events',
  about: 'What happened lately, the oldest first: the last `limit` events with a number above `after`.',
  params: z.strictObject({ ...recent, limit: recent.limit.default(100) }),
  run: (context, params) => context.events.recent(params),
})

export const watchEvents: Subscription = subscription({
  name: 'watch-events',
  about: 'What happens, as it happens; before it the last `limit` events with a number above `after`.',
  params: z.strictObject({ ...recent, limit: recent.limit.default(0) }),
  open: (context, params, sink) => {
    for (const event of context.events.recent(params)) sink.send(event)
    return context.events.subscribe((event) => sink.send(event))
  },
})
