import { z } from 'zod'
import { query, subscription } from '../command.ts'
import type { Query, Subscription } from '../command.ts'

export const status: Query = query({
  name: 'status',
  about: 'Everything there is to see, once: a snapshot.',
  params: z.strictObject({}),
  run: ({ monitor }) => monitor.snapshot(),
})

export const watchStatus: Subscription = subscription({
  name: 'watch-status',
  about: 'A snapshot now and after each interval.',
  params: z.strictObject({
    intervalMs: z.number().int().min(200).max(3_600_000).default(1000),
  }),
  open: ({ monitor }, { intervalMs }, sink) => {
    const look = (): void => {
      void monitor.snapshot().then((snapshot) => sink.send(snapshot))
    }
    look()
    const timer = setInterval(look, intervalMs)
    return () => clearInterval(timer)
  },
})
