/** Figures as people read them. What is not known is a dash. */

const NOTHING = '–'

/** A rate in Mbit/s, without the unit. */
export function mbit(bps: number | null): string {
  if (bps === null) return NOTHING
  const value = bps / 1e6
  if (value < 0.005) return '0'
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}

export const rate = (bps: number | null): string => (bps === null ? NOTHING : `${mbit(bps)} Mbit/s`)

export function milliseconds(ms: number | null): string {
  if (ms === null) return NOTHING
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
}

/** A share of one, 0…1. */
export function percent(ratio: number | null): string {
  if (ratio === null) return NOTHING
  const value = ratio * 100
  if (value < 0.005) return '0 %'
  if (value < 0.1) return '<0.1 %'
  return `${value.toFixed(value < 10 ? 1 : 0)} %`
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function byteCount(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toPrecision(3)} ${SIZES[power]}`
}

/** A span of time in its one or two largest units. */
export function span(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`
  if (hours > 0) return `${hours} h ${minutes % 60} min`
  return minutes > 0 ? `${minutes} min` : `${seconds} s`
}

/** A number and what it counts: `1 path`, `2 paths`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
