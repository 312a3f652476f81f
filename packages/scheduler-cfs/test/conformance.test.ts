import { CfsScheduler } from '@mp/scheduler-cfs'
import { testFairScheduler, testScheduler } from '@mp/testkit/conformance'

const cfs = { name: 'CfsScheduler', create: () => ({ scheduler: new CfsScheduler() }) }
testScheduler(cfs)
testFairScheduler(cfs)
