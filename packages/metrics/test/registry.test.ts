import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Registry } from '@mp/metrics'
import { parseMetrics } from '@mp/testkit'

const named = (name: string) => ({ name, help: 'Help.' })

describe('the text', () => {
  test('is the format of Prometheus: HELP, TYPE and the samples of each family, in the order they were made', () => {
    const registry = new Registry()
    registry
      .counter({ ...named('sent_bytes_total'), labels: ['path'] })
      .with({ path: 'dsl' })
      .add(1500)
    registry.gauge(named('waiting')).with({}).set(2.5)
    const seconds = registry.histogram({ ...named('rtt_seconds'), labels: ['path'], bounds: [0.01, 0.1] })
    for (const value of [0.01, 0.05, 7]) seconds.with({ path: 'dsl' }).observe(value)
    expect(registry.text()).toBe(`# HELP sent_bytes_total Help.
# TYPE sent_bytes_total counter
sent_bytes_total{path="dsl"} 1500
# HELP waiting Help.
# TYPE waiting gauge
waiting 2.5
# HELP rtt_seconds Help.
# TYPE rtt_seconds histogram
rtt_seconds_bucket{path="dsl",le="0.01"} 1
rtt_seconds_bucket{path="dsl",le="0.1"} 2
rtt_seconds_bucket{path="dsl",le="+Inf"} 3
rtt_seconds_sum{path="dsl"} 7.06
rtt_seconds_count{path="dsl"} 3
`)
  })

  test('gives back any label and help as they were, and any number', () => {
    const anyText = fc.string({ unit: 'grapheme' })
    fc.assert(
      fc.property(anyText, anyText, fc.double(), (help, value, number) => {
        const registry = new Registry()
        registry
          .gauge({ name: 'any', help, labels: ['of'] })
          .with({ of: value })
          .set(number)
        const family = parseMetrics(registry.text()).get('any')
        expect(family?.help).toBe(help)
        expect(family?.samples).toEqual([{ name: 'any', labels: { of: value }, value: number + 0 }])
      }),
    )
  })

  test('leaves out a family without samples, and starts one without labels at 0', () => {
    const registry = new Registry()
    registry.counter({ ...named('by_reason_total'), labels: ['reason'] })
    registry.counter(named('all_total'))
    expect([...parseMetrics(registry.text()).keys()]).toEqual(['all_total'])
  })
})

describe('a histogram', () => {
  test('counts as one that looks at every bound would', () => {
    const bounds = fc.uniqueArray(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { maxLength: 20 })
    fc.assert(
      fc.property(bounds, fc.array(fc.double()), (unsorted, values) => {
        const ascending = unsorted.map((bound) => bound + 0).toSorted((a, b) => a - b)
        const registry = new Registry()
        const series = registry.histogram({ ...named('any'), bounds: ascending }).with({})
        for (const value of values) series.observe(value)
        const counted = values.filter((value) => !Number.isNaN(value))
        const buckets = parseMetrics(registry.text())
          .get('any')!
          .samples.filter(({ name }) => name === 'any_bucket')
        expect(buckets.map(({ value }) => value)).toEqual(
          [...ascending, Infinity].map((bound) => counted.filter((value) => value <= bound).length),
        )
      }),
    )
  })

  test.each([[[1, 1]], [[2, 1]], [[Number.NaN]], [[1, Infinity]]])('refuses the bounds %j', (bounds) => {
    expect(() => new Registry().histogram({ ...named('any'), bounds })).toThrow(/bounds that ascend/)
  })
})

describe('a family', () => {
  test('has one series per set of labels, and forgets one on request', () => {
    const registry = new Registry()
    const family = registry.counter({ ...named('any_total'), labels: ['a', 'b'] })
    const series = family.with({ a: '1', b: '2' })
    expect(family.with({ b: '2', a: '1' })).toBe(series)
    expect(family.remove({ a: '1', b: '2' })).toBe(true)
    expect(family.remove({ a: '1', b: '2' })).toBe(false)
    expect(registry.text()).toBe('')
  })

  test('has no more series than it was told', () => {
    const family = new Registry().gauge({ ...named('any'), labels: ['path'], maxSeries: 1 })
    family.with({ path: 'a' })
    expect(() => family.with({ path: 'b' })).toThrow('any has 1 series')
    family.with({ path: 'a' })
  })

  test('of counters never shrinks', () => {
    const counter = new Registry().counter(named('any_total')).with({})
    counter.add(2)
    for (const amount of [-1, Number.NaN]) expect(() => counter.add(amount)).toThrow(/only grows/)
    expect(counter.value).toBe(2)
  })

  test('of gauges goes both ways', () => {
    const gauge = new Registry().gauge(named('any')).with({})
    gauge.set(2)
    gauge.add(-3)
    expect(gauge.value).toBe(-1)
  })
})

describe('families that are read', () => {
  test('come from one snapshot a text, and leave out what is not known', () => {
    let snapshots = 0
    const registry = new Registry()
    registry.read(
      () => ({ turn: ++snapshots }),
      [
        { ...named('turn'), type: 'gauge', samples: ({ turn }) => [{ value: turn }] },
        {
          ...named('turns_total'),
          type: 'counter',
          samples: ({ turn }) => [{ labels: { a: 'b' }, value: turn }],
        },
        { ...named('unknown'), type: 'gauge', samples: () => [{ value: undefined }] },
      ],
    )
    registry.text()
    const families = parseMetrics(registry.text())
    expect([...families].map(([name, { type, samples }]) => [name, type, samples[0]?.value])).toEqual([
      ['turn', 'gauge', 2],
      ['turns_total', 'counter', 2],
    ])
  })
})

describe('names', () => {
  test.each(['', '1st', 'with space', 'dash-ed'])('such as %j are refused', (name) => {
    expect(() => new Registry().gauge(named(name))).toThrow(/expected the name of a metric/)
    expect(() =>
      new Registry().read(() => 0, [{ ...named(name), type: 'gauge', samples: () => [] }]),
    ).toThrow(/expected the name of a metric/)
  })

  test.each(['le', '__name__', '1st', 'a:b'])('of labels such as %j are refused', (label) => {
    expect(() => new Registry().gauge({ ...named('any'), labels: [label] })).toThrow(/expected labels of any/)
  })

  test('are given once', () => {
    const registry = new Registry()
    registry.gauge(named('any'))
    expect(() => registry.counter(named('any'))).toThrow('there is a metric any already')
    expect(() => registry.gauge({ ...named('other'), labels: ['a', 'a'] })).toThrow(/a label twice/)
  })
})
