import { WINDOW_SECONDS } from '../feed/history.ts'
import { sizeOf } from '../feed/units.ts'

/** Marks of the time axis, one a minute, seconds since 1970. */
export function minutesBefore(second: number): number[] {
  return Array.from({ length: WINDOW_SECONDS / 60 + 1 }, (_, index) => second - WINDOW_SECONDS + index * 60)
}

export function minuteText(mark: number, second: number): string {
  const minutes = Math.round((second - mark) / 60)
  return minutes === 0 ? 'now' : `−${minutes} min`
}

/** Marks of an axis, all in the unit that suits its top, without digits that say nothing. */
export function markTexts(marks: readonly number[], unit: string): string[] {
  return marks.map((mark) => String(Number((mark / sizeOf(unit)).toPrecision(3))))
}
