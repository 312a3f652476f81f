import { Prober } from '@mp/prober'
import { seededRandom } from '@mp/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ALLOWED } from './allowed.ts'

const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(NaN, -1, Infinity, 2 ** 32))
const laterMs = fc.oneof(
  fc.nat(3000).map((tenths) => tenths / 10),
  fc.nat(1e9),
)

const op = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('timeout' as const), gapMs: laterMs }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), back: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forge' as const), nonce: anyNumber }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('alive', 'activity', 'unreachable') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sole' as const), is: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), rounds: fc.nat(20) }) },
)

const sources = fc.constantFrom(
  () => {
    const random = seededRandom(1)
    return () => random() * 2 ** 32
  },
  () => () => 7,
  () => {
    let nonce = 0
    return () => ++nonce % 3
  },
)

test('no sequence of replies, times and hints throws, spins, loses count of a probe or leaves the table', () => {
  fc.assert(
    fc.property(
      fc.array(op, { maxLength: 120 }),
      sources,
      fc.constantFrom(10, 100, 5000),
      (ops, source, activeIntervalMs) => {
        const prober = new Prober({ nextNonce: source(), activeIntervalMs })
        const nonces: number[] = []
        let nowMs = 0
        let state: string = 'initializing'
        const normalTimes: number[] = []

        const drain = (): void => {
          for (let probe = prober.pollTransmit(nowMs); probe; probe = prober.pollTransmit(nowMs))
            nonces.push(probe.nonce)
          for (let event = prober.pollEvent(); event; event = prober.pollEvent()) {
            expect(ALLOWED).toContain(`${event.from} ${event.reason} ${event.to}`)
            expect(event.from).toBe(state)
            state = event.to
            if (state === 'normal') normalTimes.push(event.atMs)
          }
          const { sent, received, lost, late, inFlight, lossRatio, rtoMs } = prober.stats()
          expect(sent).toBe(nonces.length)
          expect(received + lost + inFlight).toBe(sent)
          expect(late).toBeLessThanOrEqual(lost)
          expect(inFlight).toBeLessThanOrEqual(64)
          expect(lossRatio).toSatisfy((ratio: number) => ratio >= 0 && ratio <= 1)
          expect(rtoMs).toSatisfy((ms: number) => ms >= 50 && ms <= 3000)
          expect(prober.state).toBe(state)
        }
        const wake = (atMs: number): void => {
          nowMs = atMs
          prober.handleTimeout(nowMs)
          drain()
          expect(prober.pollTimeout()).toBeGreaterThan(nowMs)
        }

        prober.start(0)
        drain()
        for (const step of ops) {
          if (step.do === 'timeout') wake(nowMs + step.gapMs)
          else if (step.do === 'answer') prober.handleReply(nonces.at(-1 - step.back) ?? 0, nowMs)
          else if (step.do === 'forge') prober.handleReply(step.nonce, nowMs)
          else if (step.do === 'sole') prober.setSolePath(step.is)
          else if (step.do === 'wait') for (let i = 0; i < step.rounds; i++) wake(prober.pollTimeout())
          else if (step.do === 'alive') prober.handleAlive(nowMs)
          else if (step.do === 'activity') prober.handleActivity(nowMs)
          else prober.handleUnreachable(nowMs)
          drain()
        }
      },
    ),
    { numRuns: 300 },
  )
})
