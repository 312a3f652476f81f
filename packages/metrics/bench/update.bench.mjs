// Nanoseconds per update of a metric, against the least it can be: one addition to a number in a typed array.
import { bench, do_not_optimize, run, summary } from 'mitata'
import { Registry } from '../dist/index.js'

const UPDATES = 1024
const registry = new Registry()
const labels = ['path']
const of = { path: 'dsl' }
const counter = registry.counter({ name: 'a_total', help: '', labels }).with(of)
const gauge = registry.gauge({ name: 'b', help: '', labels }).with(of)
const bounds = Array.from({ length: 14 }, (_, index) => 0.0005 * 2 ** index)
const histogram = registry.histogram({ name: 'c', help: '', labels, bounds }).with(of)
const values = Float64Array.from({ length: UPDATES }, (_, index) => 0.0005 * 2 ** ((index * 7919) % 15))
const slot = new Float64Array(1)

summary(() => {
  bench(`reference: ${UPDATES} additions to a slot`, () => {
    for (let index = 0; index < UPDATES; index++) slot[0] += values[index]
    do_not_optimize(slot)
  }).baseline(true)
  bench(`${UPDATES} × Counter.add`, () => {
    for (let index = 0; index < UPDATES; index++) counter.add(values[index])
  })
  bench(`${UPDATES} × Gauge.set`, () => {
    for (let index = 0; index < UPDATES; index++) gauge.set(values[index])
  })
  bench(`${UPDATES} × Histogram.observe, ${bounds.length} bounds`, () => {
    for (let index = 0; index < UPDATES; index++) histogram.observe(values[index])
  })
})
const { benchmarks } = await run()
for (const { alias, runs } of benchmarks) {
  console.log(`${(runs[0].stats.avg / UPDATES).toFixed(1).padStart(8)} ns per update  ${alias}`)
}
