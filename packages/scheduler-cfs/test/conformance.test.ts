import { CfsScheduler } from '@mp/scheduler-cfs'
import { testScheduler } from '@mp/testkit/conformance'

testScheduler({ name: 'CfsScheduler', create: () => ({ scheduler: new CfsScheduler() }) })
