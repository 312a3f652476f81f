import { setTimeout as sleep } from 'node:timers/promises'
import { inside, startDaemons } from '../support/daemons.mjs'
import { unfold } from './events.mjs'
import { figuresOf, meanRateMbit } from './figures.mjs'
import { flows, transfer } from './flows.mjs'
import { createStage } from './stage.mjs'

const SUBNET = 1
/** Until what a transfer left behind is gone. */
const SETTLE_MS = 700

/** The cases of a scenario: each flow in each direction. */
export function casesOf({ name }) {
  return Object.keys(flows).flatMap((flow) =>
    ['down', 'up'].map((direction) => ({ name: `${name}-${flow}-${direction}`, flow, direction })),
  )
}

/**
 * Runs cases of one scenario over the joined lines and, unless `joined` is wished alone, over each line by itself, in the
 * same tunnel. Answers them with their figures.
 */
export async function runScenario(scenario, cases, options) {
  const all = scenario.lines.map(({ transport }, index) => ({ line: index + 1, transport }))
  const together = await runOver(all, scenario, cases, options)
  const alone = []
  if (!options.joined) for (const path of all) alone.push(await runOver([path], scenario, cases, options))
  return cases.map((each, index) => {
    const aloneMbit = alone.map((measured) => measured[index].mbit)
    const { mbit, sumMbit } = together[index]
    const ofBest = options.joined ? undefined : mbit / Math.max(...aloneMbit)
    return { ...each, ...together[index], ofSum: mbit / sumMbit, ofBest, aloneMbit }
  })
}

/** On fresh hosts and daemons, so that nothing is known of the lines. */
async function runOver(paths, scenario, cases, options) {
  const stage = await createStage(scenario)
  try {
    const tunnel = await startDaemons(stage, { subnet: SUBNET, paths })
    const measured = []
    for (const each of cases) {
      await sleep(SETTLE_MS)
      measured.push(await measure({ stage, scenario }, each, options))
    }
    await tunnel.stop()
    return measured
  } finally {
    await stage.dispose()
  }
}

async function measure({ stage, scenario }, { flow, direction }, { seconds, omit, traffic }) {
  const up = direction === 'up'
  const client = { host: stage.client, address: inside(SUBNET).client }
  const server = { host: stage.server, address: inside(SUBNET).server }
  const ends = up ? { from: client, to: server } : { from: server, to: client }
  const during = (startMs) => unfold({ stage, scenario, up }, { startMs, seconds })
  const arrived = await transfer({ ...ends, traffic }, flows[flow], { seconds, omit, during })
  const rates = scenario.lines.map((_, index) =>
    meanRateMbit(scenario, index, { up, from: omit, to: seconds }),
  )
  return {
    ...figuresOf(arrived, { omit }),
    events: arrived.events,
    sumMbit: rates.reduce((sum, each) => sum + each, 0),
  }
}
