import { parseArgs } from 'node:util'

/** What a full run is made of, and a quick one, which only shows that everything works. iperf3 knows whole seconds only. */
const FULL = {
  rounds: 3,
  warmSeconds: 2,
  warmPings: 5000,
  tcpSeconds: 2,
  rampSteps: 24,
  floodMs: 800,
  pings: 1000,
}
const QUICK = {
  rounds: 1,
  warmSeconds: 1,
  warmPings: 200,
  tcpSeconds: 1,
  rampSteps: 6,
  floodMs: 200,
  pings: 200,
}
/** The load of UDP grows from the first to the last step of its ramp in these bounds, packets per second. */
const RAMP_PPS = [15_000, 500_000]

/**
 * Reads `[--quick] [--json FILE] [--list] [NAME…]`; a case runs when its name contains one of the names, which
 * are regular expressions.
 *
 * @param {readonly string[]} args
 */
export function readOptions(args) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, json: { type: 'string' }, list: { type: 'boolean' } },
  })
  const plan = values.quick ? QUICK : FULL
  const [firstPps, lastPps] = RAMP_PPS
  return {
    ...plan,
    quick: values.quick === true,
    list: values.list === true,
    json: values.json,
    firstPps,
    growth: (lastPps / firstPps) ** (1 / (plan.rampSteps - 1)),
    isWanted: (name) =>
      positionals.length === 0 || positionals.some((pattern) => new RegExp(pattern).test(name)),
  }
}
