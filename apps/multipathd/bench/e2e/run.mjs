import { warm } from './measures.mjs'

/**
 * Runs the wanted cases of a stand, its rivals in turns so that what else the machine does meets all of them. Answers
 * `{ name, rivals: { [rival]: { [figure]: { median, samples } } } }` for each case.
 */
export async function runStand(stage, { name, rivals, measures }, options) {
  const wanted = Object.entries(measures).filter(([measure]) => options.isWanted(`${name}-${measure}`))
  const started = []
  try {
    for (const rival of rivals) started.push({ rival, running: await rival.start(stage) })
    for (const { running } of started) await warm(stage, running, options)
    const cases = []
    for (const [measure, run] of wanted) {
      const present = started.filter(({ rival }) => rival.only?.includes(measure) ?? true)
      cases.push({ name: `${name}-${measure}`, rivals: await inTurns(stage, present, { run, options }) })
    }
    return cases
  } finally {
    await Promise.all(started.map(({ running }) => running.stop()))
  }
}

async function inTurns(stage, started, { run, options }) {
  const samples = new Map(started.map(({ rival }) => [rival.name, []]))
  for (let round = 0; round < options.rounds; round++) {
    for (const { rival, running } of started) {
      samples.get(rival.name).push(await run(stage, running, options))
    }
  }
  return Object.fromEntries([...samples].map(([name, rounds]) => [name, summary(rounds)]))
}

function summary(rounds) {
  return Object.fromEntries(
    Object.keys(rounds[0]).map((figure) => {
      const values = rounds.map((round) => round[figure])
      return [figure, { median: median(values), samples: values }]
    }),
  )
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
