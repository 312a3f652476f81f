import { setTimeout as sleep } from 'node:timers/promises'
import { clockMs } from './flows.mjs'

const LOOK_MS = 50
/** A line carries again when it brought this share of its rate in this many looks. */
const BACK_SHARE = 0.2
const BACK_LOOKS = 5

/** Has the events of a scenario happen. Answers them with `atMs`, and `backSeconds` when a line came back and carried. */
export async function unfold({ stage, scenario, up }, { startMs, seconds }) {
  const endMs = startMs + seconds * 1000
  const happened = []
  for (const event of scenario.events.filter(({ atSecond }) => atSecond < seconds)) {
    await sleep(Math.max(0, startMs + event.atSecond * 1000 - clockMs()))
    await change(stage, event)
    const atMs = clockMs()
    happened.push(told({ stage, scenario, up }, event, { atMs, endMs }))
  }
  return Promise.all(happened)
}

async function told(world, event, { atMs, endMs }) {
  const isBack = event.act === 'restore' || event.act === 'up'
  const backSeconds = isBack ? await carriesAgain(world, event.line, { atMs, endMs }) : undefined
  return { ...event, atMs, backSeconds }
}

async function change({ client, lines }, { line: number, set, act }) {
  const line = lines[number - 1]
  if (set !== undefined) await line.set(set)
  else if (act === 'cut' || act === 'restore') await line[act]()
  else await client.run('ip', ['link', 'set', line.name, act])
}

/** Seconds from `atMs` until a line carried again, or undefined. */
async function carriesAgain({ stage, scenario, up }, number, { atMs, endMs }) {
  const bytesMs = (scenario.lines[number - 1].profile.rateMbit * 1000) / 8
  const seen = []
  while (clockMs() < endMs) {
    const { sentBytes } = (await stage.lines[number - 1].counters())[up ? 'a-to-b' : 'b-to-a']
    const nowMs = clockMs()
    seen.push({ nowMs, sentBytes })
    const before = seen.at(-1 - BACK_LOOKS)
    if (before && sentBytes - before.sentBytes > BACK_SHARE * bytesMs * (nowMs - before.nowMs))
      return (before.nowMs - atMs) / 1000
    await sleep(LOOK_MS)
  }
  return undefined
}
