import { z } from 'zod'
import { query } from '../command.ts'
import type { Query } from '../command.ts'
import { ControlError } from '../protocol.ts'

export const dashboard: Query = query({
  name: 'dashboard',
  about: 'The address of the page, with its token; serves the page if it is not served yet.',
  params: z.strictObject({}),
  run: async (context) => {
    try {
      return { url: await context.dashboard.url() }
    } catch (error) {
      throw new ControlError('refused', `the page cannot be served: ${(error as Error).message}`)
    }
  },
})
