import { AdaptiveScheduler, CfsScheduler } from '@mp/scheduler-cfs'
import { testFairScheduler, testScheduler } from '@mp/testkit/conformance'

const cfs = { name: 'CfsScheduler', create: () => ({ scheduler: new CfsScheduler() }) }
testScheduler(cfs)
testFairScheduler(cfs)

testScheduler({ name: 'AdaptiveScheduler', create: () => ({ scheduler: new AdaptiveScheduler() }) })
const fair = {
  name: 'AdaptiveScheduler that nothing counts to but weights',
  create: () => ({ scheduler: new AdaptiveScheduler({ fairnessBytes: 0, slackMs: Infinity }) }),
}
testScheduler(fair)
testFairScheduler(fair)
