/** A number and its unit, apart, so that columns can be aligned. */
export interface Quantity {
  readonly number: string
  readonly unit: string
}

/** What stands where nothing was measured. */
const NOTHING = '–'

const RATE_UNITS: readonly string[] = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s']
const BYTE_UNITS: readonly string[] = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** How many of the base unit a unit is: bit/s, bytes, ms, or the ratio 1. */
export function sizeOf(unit: string): number {
  if (unit === '%') return 0.01
  return 1000 ** Math.max(0, RATE_UNITS.indexOf(unit), BYTE_UNITS.indexOf(unit))
}

/** Three digits that count: `9.41 Mbit/s`, `94.1 Mbit/s`, `941 Mbit/s`. */
export const rate = (bps: number | null): Quantity => scaled(bps, RATE_UNITS)

export const bytes = (count: number | null): Quantity => scaled(count, BYTE_UNITS)

export function milliseconds(ms: number | null): Quantity {
  if (ms === null) return { number: NOTHING, unit: '' }
  return { number: ms < 0.05 ? '0' : ms.toFixed(ms < 99.95 ? 1 : 0), unit: 'ms' }
}

export function percent(ratio: number | null): Quantity {
  if (ratio === null) return { number: NOTHING, unit: '' }
  const value = ratio * 100
  // What is there at all must not read as nothing.
  if (value > 0 && value < 0.1) return { number: '< 0.1', unit: '%' }
  return { number: value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1), unit: '%' }
}

/** `4 d 3 h`, `3 h 12 min`, `12 min`, `40 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min` : `${seconds} s`
}

export const inWords = ({ number, unit }: Quantity): string => (unit === '' ? number : `${number} ${unit}`)

function scaled(value: number | null, units: readonly string[]): Quantity {
  if (value === null) return { number: NOTHING, unit: '' }
  let step = 0
  let rest = value
  // 999.5 would be written as 1000.
  while (rest >= 999.5 && step < units.length - 1) {
    rest /= 1000
    step++
  }
  return { number: step === 0 ? rest.toFixed(0) : digits(rest), unit: units[step]! }
}

function digits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2)
}
