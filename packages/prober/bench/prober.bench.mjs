// What probing costs: one probe with its reply, one tick of a manager with 10 000 probers, an hour of virtual time, and
// how often chance alone makes a living path lost.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { HoltSmoothing, Prober, ProberManager, Rfc6298 } from '../dist/index.js'

const TICK_MS = 10
const PROBERS = 10_000
const HOUR_MS = 3_600_000

/** xorshift32: good enough to scatter probes, and the same in every run. */
function randomSource(seed) {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Replies on their way, by the tick they arrive in: allocates nothing, so that it is the probers that are measured. */
class Echo {
  #keys = new Int32Array(1 << 16)
  #nonces = new Uint32Array(1 << 16)
  #ticks = new Float64Array(1 << 16)
  #first = 0
  #end = 0

  push(key, nonce, tick) {
    const slot = this.#end++ & 0xffff
    this.#keys[slot] = key
    this.#nonces[slot] = nonce
    this.#ticks[slot] = tick
  }

  deliver(tick, onReply) {
    for (; this.#first < this.#end && this.#ticks[this.#first & 0xffff] <= tick; this.#first++) {
      onReply(this.#keys[this.#first & 0xffff], this.#nonces[this.#first & 0xffff])
    }
  }
}

/** 10 000 probers on paths of 30 ms. A step is one tick: replies in, timers, probes out. */
class Fleet {
  tick = 0
  sent = 0
  timerNs = 0
  #active
  #echo = new Echo()
  #probers = []
  #manager = new ProberManager({
    onTransmit: (key, probe) => {
      this.sent++
      this.#echo.push(key, probe.nonce, this.tick + 3)
    },
    onEvent: () => {},
  })
  #onReply = (key, nonce) => {
    const prober = this.#probers[key]
    if (this.#active) prober.handleActivity(this.tick * TICK_MS)
    prober.handleReply(nonce, this.tick * TICK_MS)
    this.#manager.update(key, this.tick * TICK_MS)
  }

  constructor(active, create = (nextNonce) => new Prober({ nextNonce })) {
    this.#active = active
    const nextNonce = randomSource(1)
    for (let key = 0; key < PROBERS; key++) {
      const prober = create(nextNonce)
      prober.start(0)
      this.#probers.push(prober)
      this.#manager.add(key, prober, 0)
    }
  }

  step() {
    this.tick++
    this.#echo.deliver(this.tick, this.#onReply)
    this.#manager.handleTimeout(this.tick * TICK_MS)
  }

  runFor(ms) {
    for (let end = this.tick + ms / TICK_MS; this.tick < end;) this.step()
  }
}

/** The least a fleet can cost without a wheel: every tick asks every prober. */
class Polled {
  tick = 0
  #probers = []
  #echo = new Echo()

  constructor() {
    const nextNonce = randomSource(1)
    for (let key = 0; key < PROBERS; key++) {
      const prober = new Prober({ nextNonce })
      prober.start(0)
      this.#probers.push(prober)
    }
  }

  step() {
    const nowMs = ++this.tick * TICK_MS
    this.#echo.deliver(this.tick, (key, nonce) => this.#probers[key].handleReply(nonce, nowMs))
    for (let key = 0; key < PROBERS; key++) {
      const prober = this.#probers[key]
      if (prober.pollTimeout() > nowMs) continue
      prober.handleTimeout(nowMs)
      const probe = prober.pollTransmit(nowMs)
      if (probe) this.#echo.push(key, probe.nonce, this.tick + 3)
      prober.pollEvent()
    }
  }

  runFor(ms) {
    for (let end = this.tick + ms / TICK_MS; this.tick < end;) this.step()
  }
}

/** Runs one prober on a path of 30 ms with random loss. Returns how often it was lost. */
function lonely(lossRatio, forMs, seed) {
  const random = randomSource(seed)
  const prober = new Prober({ nextNonce: random })
  let lost = 0
  let replyMs = Infinity
  let nonce = 0
  const threshold = lossRatio * 2 ** 32
  prober.start(0)
  for (let nowMs = 0; nowMs < forMs; nowMs = Math.min(replyMs, prober.pollTimeout())) {
    if (nowMs === replyMs) {
      prober.handleReply(nonce, nowMs)
      replyMs = Infinity
    }
    prober.handleTimeout(nowMs)
    const probe = prober.pollTransmit(nowMs)
    if (probe) prober.handleActivity(nowMs)
    // The RTT is shorter than the distance of probes, but for a burst; there the last reply stands for all.
    if (probe && random() >= threshold) {
      nonce = probe.nonce
      replyMs = nowMs + 18
    }
    for (let event = prober.pollEvent(); event; event = prober.pollEvent()) if (event.to === 'lost') lost++
  }
  return lost
}

function memoryOf(make) {
  globalThis.gc?.()
  const before = process.memoryUsage()
  const made = make()
  globalThis.gc?.()
  const after = process.memoryUsage()
  return { made, bytes: after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers }
}

const { made: active, bytes } = memoryOf(() => new Fleet(true))
const idle = new Fleet(false)
const polledIdle = new Polled()
active.runFor(2000)
idle.runFor(120_000)
polledIdle.runFor(120_000)

const probesPerTick = (fleet) => {
  const before = fleet.sent
  fleet.runFor(30_000)
  return (fleet.sent - before) / (30_000 / TICK_MS)
}
const perTick = { active: probesPerTick(active), idle: probesPerTick(idle) }

let holtMs = 0
const holt = new HoltSmoothing()
const rfc = new Rfc6298()
summary(() => {
  bench('RTT sample, RFC 6298', () => do_not_optimize(rfc.update(30 + (holtMs++ & 7))))
  bench('RTT sample, Holt', () => do_not_optimize(holt.update(30 + (holtMs++ & 7), holtMs * 100)))
})
summary(() => {
  bench('tick, 10 000 idle probers, every one asked', () => polledIdle.step())
  bench('tick, 10 000 idle probers, timer wheel', () => idle.step())
})
bench('tick, 10 000 active probers, timer wheel', () => active.step())

const { benchmarks } = await run()
const nsOf = (name) => benchmarks.find((entry) => entry.alias === name).runs[0].stats.avg
const idleNs = nsOf('tick, 10 000 idle probers, timer wheel')
const activeNs = nsOf('tick, 10 000 active probers, timer wheel')
const polledNs = nsOf('tick, 10 000 idle probers, every one asked')
const share = (ns) => `${((100 * ns) / (TICK_MS * 1e6)).toFixed(2)} % of a core`

console.log(
  `\nidle:   ${(idleNs / 1000).toFixed(1)} µs per tick of 10 ms (${share(idleNs)}), ${perTick.idle.toFixed(1)} probes`,
)
console.log(
  `active: ${(activeNs / 1000).toFixed(1)} µs per tick of 10 ms (${share(activeNs)}), ${perTick.active.toFixed(1)} probes`,
)
console.log(`probe with reply, all told: ${(activeNs / perTick.active).toFixed(0)} ns`)
console.log(`timer wheel to asking every idle prober: 1 : ${(polledNs / idleNs).toFixed(1)}`)
console.log(`memory per prober: ${(bytes / PROBERS / 1024).toFixed(2)} KiB`)

const startMs = performance.now()
const hourLost = lonely(0.01, HOUR_MS, 7)
console.log(
  `one virtual hour, 1 % loss: ${(performance.now() - startMs).toFixed(0)} ms (lost ${hourLost} times)`,
)

const DAYS = 10
for (const loss of [0.01, 0.05, 0.1]) {
  let lost = 0
  for (let day = 0; day < DAYS; day++) lost += lonely(loss, 24 * HOUR_MS, 100 + day)
  console.log(`falsely lost at ${100 * loss} % random loss: ${lost} times in ${DAYS} path-days`)
}
