/** A family as it was read. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly MetricSample[]
}

export interface MetricSample {
  /** With the suffix that a histogram gives it. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Open extends MetricFamily {
  readonly samples: MetricSample[]
  readonly keys: Set<string>
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\\\|\\n)*)$/
const TYPE = /^# TYPE (\S+) (counter|gauge|histogram)$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"/y
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^[+-]Inf$|^NaN$/

/**
 * Reads the text format of Prometheus, version 0.0.4, more strictly than Prometheus does: each family once, with HELP,
 * then TYPE, then all of its samples; no sample twice; histograms whole and cumulative.
 * @throws Error that says which line is wrong, and why.
 */
export function parseMetrics(text: string): ReadonlyMap<string, MetricFamily> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end')
  const lines = text.split('\n').slice(0, -1)
  const families = new Map<string, Open>()
  let help: RegExpExecArray | undefined
  let open: Open | undefined
  for (const [index, line] of lines.entries()) {
    const wrong = (why: string): Error => new Error(`line ${index + 1}: ${why}: ${line}`)
    if (line.startsWith('# HELP')) {
      help = HELP.exec(line) ?? undefined
      if (help === undefined) throw wrong('malformed HELP')
      if (families.has(help[1]!)) throw wrong('this family was there already')
      open = undefined
    } else if (line.startsWith('# TYPE')) {
      const type = TYPE.exec(line)
      if (type === null || help === undefined || help[1] !== type[1])
        throw wrong('malformed TYPE, or not right after its HELP')
      open = { name: type[1]!, help: unescape(help[2]!), type: type[2]!, samples: [], keys: new Set() }
      families.set(open.name, open)
      help = undefined
    } else {
      if (open === undefined) throw wrong('a sample without HELP and TYPE above it')
      const sample = readSample(line)
      const fault = typeof sample === 'string' ? sample : faultOf(sample, open)
      if (fault !== undefined) throw wrong(fault)
      open.samples.push(sample as MetricSample)
    }
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

/** What is wrong, in words, when it is no sample. */
function readSample(line: string): MetricSample | string {
  const [, name, inside = '', number = ''] = SAMPLE.exec(line) ?? []
  if (name === undefined) return 'malformed sample'
  if (!NUMBER.test(number)) return 'malformed number'
  const labels = new Map<string, string>()
  LABEL.lastIndex = 0
  for (let at = 0; at < inside.length; at = LABEL.lastIndex + 1) {
    LABEL.lastIndex = at
    const [, label, value] = LABEL.exec(inside) ?? []
    if (label === undefined) return 'malformed labels'
    if (labels.has(label)) return `label ${label} is there twice`
    labels.set(label, unescape(value!))
    const next = inside[LABEL.lastIndex]
    if (next !== undefined && (next !== ',' || LABEL.lastIndex + 1 === inside.length)) {
      return 'malformed labels'
    }
  }
  return { name, labels: Object.fromEntries(labels), value: Number(number.replace('Inf', 'Infinity')) }
}

function faultOf(sample: MetricSample, { name, type, keys }: Open): string | undefined {
  const names = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  if (!names.includes(sample.name)) return `no sample of ${name}`
  const key = keyOf(sample)
  if (keys.has(key)) return 'the same sample twice'
  keys.add(key)
  const counts = type === 'counter' || sample.name === `${name}_bucket`
  return counts && !(sample.value >= 0) ? 'a count below 0' : undefined
}

const keyOf = ({ name, labels }: MetricSample): string =>
  JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))])

function checkFamily({ name, type, samples }: Open): void {
  if (samples.length === 0) throw new Error(`${name} has no samples`)
  if (type !== 'histogram') return
  const groups = new Map<string, MetricSample[]>()
  for (const sample of samples) {
    const labels = seriesOf(sample)
    groups.set(labels, [...(groups.get(labels) ?? []), sample])
  }
  for (const [labels, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map((sample) => Number(sample.labels['le']?.replace('Inf', 'Infinity')))
    const counts = buckets.map(({ value }) => value)
    const count = group.find((sample) => sample.name === `${name}_count`)?.value
    const isWhole =
      group.length === buckets.length + 2 && bounds.at(-1) === Infinity && counts.at(-1) === count
    if (!isWhole || !ascends(bounds) || !ascends(counts)) {
      throw new Error(`the histogram ${name}${labels} is not whole and cumulative`)
    }
  }
}

/** What the lines of one histogram have in common. */
const seriesOf = ({ labels }: MetricSample): string =>
  JSON.stringify(Object.entries(labels).filter(([label]) => label !== 'le'))

const ascends = (values: readonly number[]): boolean =>
  values.every((value, index) => index === 0 || value >= values[index - 1]!)

const unescape = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
