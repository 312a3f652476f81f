/** Goodput, pings and silence of one transfer, of which the first `omit` seconds do not count. */
export function figuresOf({ bytes, binMs, pings }, { omit }) {
  const counted = bytes.slice((omit * 1000) / binMs)
  const answered = pings.filter((rtt) => rtt !== undefined).toSorted((a, b) => a - b)
  return {
    mbit: rate(counted, binMs),
    silenceMs: longestSilence(counted) * binMs,
    pingP50Ms: answered[Math.floor(answered.length * 0.5)],
    pingP95Ms: answered[Math.floor(answered.length * 0.95)],
    pingsLost: pings.length - answered.length,
  }
}

/** What a line carries in the mean between two seconds, Mbit/s, when the events of a scenario happen to it. */
export function meanRateMbit({ lines, events }, index, { up, from, to }) {
  const { profile, up: different } = lines[index]
  let rateNow = (up ? different?.rateMbit : undefined) ?? profile.rateMbit
  let isThere = true
  let second = from
  let carried = 0
  const until = (next) => {
    const clamped = Math.min(Math.max(next, second), to)
    if (isThere) carried += rateNow * (clamped - second)
    second = clamped
  }
  for (const { atSecond, line, set, act } of events) {
    if (line !== index + 1) continue
    until(atSecond)
    rateNow = set?.rateMbit ?? rateNow
    if (act !== undefined) isThere = act === 'restore' || act === 'up'
  }
  until(to)
  return carried / (to - from)
}

const rate = (bytes, binMs) =>
  (bytes.reduce((sum, each) => sum + each, 0) * 8) / (bytes.length * binMs) / 1000

function longestSilence(bytes) {
  let longest = 0
  let silent = 0
  for (const each of bytes) {
    silent = each === 0 ? silent + 1 : 0
    longest = Math.max(longest, silent)
  }
  return longest
}
