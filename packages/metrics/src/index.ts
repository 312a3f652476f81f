/**
 * Metrics in the text format of Prometheus, without I/O and clocks.
 *
 * What a program counts anyway is best read when somebody asks for it: {@link Registry.read} takes a table of families
 * and one function that makes a snapshot, and calls both once per {@link Registry.text}. That costs nothing in between.
 * What nobody else keeps is recorded as it happens: an update of a {@link Counter}, {@link Gauge} or {@link Histogram}
 * is an addition or two, allocates nothing and looks nothing up, because the series is looked up beforehand.
 *
 * ```ts
 * import { Registry } from '@mp/metrics'
 *
 * const registry = new Registry()
 *
 * // Recorded: find the series once, and update it as often as you like.
 * const waits = registry.histogram({
 *   name: 'shop_wait_seconds',
 *   help: 'Time in the queue.',
 *   labels: ['till'],
 *   bounds: [1, 10, 60, 300],
 * })
 * const atFirstTill = waits.with({ till: '1' })
 * atFirstTill.observe(12.5)
 *
 * // Read: each family says what it takes out of the snapshot.
 * const stock = new Map([['apples', 7]])
 * registry.read(
 *   () => stock,
 *   [
 *     {
 *       name: 'shop_stock_items',
 *       help: 'Items on the shelf.',
 *       type: 'gauge',
 *       samples: (items) => [...items].map(([item, value]) => ({ labels: { item }, value })),
 *     },
 *   ],
 * )
 *
 * registry.text() // to be served with the header `content-type: ${CONTENT_TYPE}`
 * ```
 *
 * A name that is malformed or taken throws at once, where the family is made. A label whose values have no end would
 * fill the memory: a family has at most `maxSeries` series, and {@link Family.remove} forgets one.
 *
 * @packageDocumentation
 */
export { Family } from './family.ts'
export type { FamilyOptions, HistogramOptions } from './family.ts'
export { Counter, Gauge, Histogram } from './instruments.ts'
export { Registry } from './registry.ts'
export type { Reading } from './registry.ts'
export { CONTENT_TYPE } from './text.ts'
export type { FamilyType, Labels, Sample } from './text.ts'
