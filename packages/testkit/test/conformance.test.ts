import { expect, test } from 'vitest'
import { Mempool } from '@mp/mempool'
import { roundRobin, simRuntime } from '@mp/testkit'
import {
  simWait,
  testFairScheduler,
  testPacketPool,
  testRuntime,
  testScheduler,
} from '@mp/testkit/conformance'

testPacketPool({
  name: 'Mempool',
  create: () => ({ pool: new Mempool({ classes: [{ packetBytes: 1500, slots: 50 }] }) }),
})

testPacketPool({
  name: 'Mempool with two sizes',
  create: () => ({
    pool: new Mempool({
      classes: [
        { packetBytes: 200, slots: 20 },
        { packetBytes: 9000, slots: 4 },
      ],
    }),
  }),
})

testRuntime({
  name: 'simRuntime',
  create: () => {
    const runtime = simRuntime()
    return { runtime, wait: simWait(runtime) }
  },
})

const UNWEIGHTED = 'round robin knows no weights'
testScheduler({ name: 'roundRobin', create: () => ({ scheduler: roundRobin() }) })
testFairScheduler({
  name: 'roundRobin',
  create: () => ({ scheduler: roundRobin() }),
  skip: [
    { test: 'paths carry bytes in proportion to their weights', reason: UNWEIGHTED },
    { test: 'a new weight acts from now on', reason: UNWEIGHTED },
    { test: 'a short absence does not forgive what was sent before', reason: 'round robin keeps no debts' },
  ],
})

const create = () => ({ scheduler: roundRobin() })

test('a skip of a test that does not exist, or without a reason, is an error', () => {
  expect(() => testScheduler({ name: 'x', create, skip: [{ test: 'no such test', reason: 'y' }] })).toThrow(
    /has no test "no such test".*\n {2}without a runnable path/s,
  )
  expect(() =>
    testScheduler({ name: 'x', create, skip: [{ test: 'peek changes nothing', reason: ' ' }] }),
  ).toThrow(/needs a reason/)
})
