/** What a family is. */
export type FamilyType = 'counter' | 'gauge' | 'histogram'

export type Labels = Readonly<Record<string, string>>

/** A value of a family at one moment. */
export interface Sample {
  readonly labels?: Labels
  /** Without one there is no sample: what is not known is left out. */
  readonly value: number | undefined
}

/** What stands above the samples of a family. */
export interface Heading {
  readonly name: string
  readonly help: string
  readonly type: FamilyType
}

/** The content type of the text format, version 0.0.4, which every Prometheus reads. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export function headingText({ name, help, type }: Heading): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`
}

/** One line; `labels` as {@link labelText} writes them. */
export function sampleText(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}\n`
}

/** The labels between the braces. One without a value is as good as none. */
export function labelText(labels: Labels): string {
  let text = ''
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escapeValue(labels[name]!)}"`
  return text
}

/** A number as Go reads it. */
export function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')

/** Hardly any value needs it, and there are thousands of them. */
const escapeValue = (text: string): string =>
  /["\\\n]/.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

/** @throws TypeError unless all names are such as Prometheus takes. */
export function checkNames(name: string, labels: readonly string[]): void {
  if (!METRIC_NAME.test(name)) {
    throw new TypeError(`expected the name of a metric such as "http_requests_total", found "${name}"`)
  }
  const wrong = labels.find((label) => !LABEL_NAME.test(label) || label === 'le')
  if (wrong !== undefined) {
    throw new TypeError(
      `expected labels of ${name} of letters, digits and "_", and none called "le", found "${wrong}"`,
    )
  }
  if (new Set(labels).size < labels.length) throw new TypeError(`${name} has a label twice: ${labels.join()}`)
}
